// store-vault NAME FILE BYTES: gives systemd a memory of BYTES bytes that begins with FILE, under NAME, as a purserd does with its vault
// (FDSTORE=1, sd_notify(3)); to be run as ExecStartPre= of the unit, with NotifyAccess=all. Without NOTIFY_SOCKET it fails.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void check(int is_fine, const char *what) {
    if (is_fine) return;
    perror(what);
    exit(1);
}

static int memory_with(const char *file, off_t size) {
    int memory = memfd_create("vault", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    check(memory >= 0, "memfd_create");
    check(ftruncate(memory, size) == 0, "ftruncate");
    check(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0, "F_ADD_SEALS");
    int source = open(file, O_RDONLY | O_CLOEXEC);
    check(source >= 0, file);
    static char chunk[1 << 20];
    ssize_t count = read(source, chunk, sizeof chunk);
    check(count >= 0 && count <= size && pwrite(memory, chunk, count, 0) == count, "copy");
    close(source);
    return memory;
}

int main(int argc, char **argv) {
    check(argc == 4, "arguments");
    int memory = memory_with(argv[2], atol(argv[3]));
    char text[256];
    int length = snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", argv[1]);

    const char *path = getenv("NOTIFY_SOCKET");
    check(path != NULL, "NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (path[0] == '@') address.sun_path[0] = 0;
    struct iovec line = {text, (size_t)length};
    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = offsetof(struct sockaddr_un, sun_path) + strlen(path),
        .msg_iov = &line, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes,
    };
    control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &memory, sizeof memory);
    int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(notify >= 0 && sendmsg(notify, &message, 0) == length, "sendmsg");
    // systemd tells by the sender's process whose it is: it must still be there when that is looked up.
    usleep(300000);
    return 0;
}

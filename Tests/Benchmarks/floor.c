// floor PATH LENGTH: the least that a server of lines on a Unix socket can cost. An epoll loop answers each line with LENGTH bytes
// that were made beforehand. What the daemon does beyond it is the daemon's own cost.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char input[1 << 16];
static char output[1 << 20];

static void watch(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static void answer(int connection, size_t length) {
    ssize_t count = read(connection, input, sizeof input);
    if (count <= 0) {
        close(connection);
        return;
    }
    size_t filled = 0;
    for (ssize_t i = 0; i < count; i++) {
        if (input[i] != '\n') continue;
        memset(output + filled, 'x', length - 1);
        output[filled + length - 1] = '\n';
        filled += length;
        if (filled > sizeof output / 2) {
            if (write(connection, output, filled) < 0) perror("write");
            filled = 0;
        }
    }
    if (filled && write(connection, output, filled) < 0) perror("write");
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    size_t length = strtoul(argv[2], NULL, 10);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    unlink(argv[1]);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror(argv[1]);
        return 1;
    }
    int epoll = epoll_create1(0);
    watch(epoll, listener);
    struct epoll_event events[512];
    for (;;) {
        int ready = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor != listener) {
                answer(descriptor, length);
                continue;
            }
            for (int peer; (peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) watch(epoll, peer);
        }
    }
}

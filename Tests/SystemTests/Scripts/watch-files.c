// watch-files: says what any process does to any file, by fanotify(7), on every file system that it sees mounted for writing, whichever
// mount namespace the process is in: a line "PID WHAT… PATH" each. "PID exec PATH" says that it becomes that program. A pid on standard
// input has the file systems of that process's own namespace watched as well; the answer on standard error is "watching", as at the start.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static const struct {
    uint64_t bit;
    const char *name;
} kinds[] = {
    {FAN_OPEN_EXEC, "exec"}, {FAN_CREATE, "create"}, {FAN_DELETE, "delete"}, {FAN_MOVED_FROM, "move-from"}, {FAN_MOVED_TO, "move-to"},
    {FAN_MODIFY, "modify"}, {FAN_CLOSE_WRITE, "close-write"}, {FAN_ATTRIB, "attributes"},
};

static struct {
    fsid_t id;
    int descriptor;
} systems[256];
static int system_count;
static int group, plain_group;

static int descriptor_of(const void *id) {
    for (int i = 0; i < system_count; i++)
        if (!memcmp(&systems[i].id, id, sizeof(fsid_t))) return systems[i].descriptor;
    return -1;
}

// Watches each file system of a process's namespace that is mounted for writing, but for those that are the kernel's own interfaces.
static int watch(const char *process) {
    char path[4200], line[8192], place[4096], options[1024], type[64];
    snprintf(path, sizeof path, "/proc/%s/mountinfo", process);
    FILE *mounts = fopen(path, "r");
    if (!mounts) return perror(path), 0;
    uint64_t events = FAN_ONDIR;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) events |= kinds[i].bit;
    while (fgets(line, sizeof line, mounts)) {
        const char *rest = strstr(line, " - ");
        if (!rest || sscanf(line, "%*s %*s %*s %*s %4095s %1023s", place, options) != 2 || sscanf(rest, " - %63s", type) != 1) continue;
        if (!strncmp(options, "ro", 2) || strstr(" proc sysfs cgroup2 devpts mqueue ", type)) continue;
        snprintf(path, sizeof path, "/proc/%s/root%s", process, place);
        struct stat about;
        struct statfs file_system;
        if (stat(path, &about) || !(S_ISDIR(about.st_mode) || S_ISREG(about.st_mode)) || statfs(path, &file_system)) continue;
        if (descriptor_of(&file_system.f_fsid) >= 0) continue;
        if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, events, AT_FDCWD, path) &&
            fanotify_mark(plain_group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_MODIFY | FAN_CLOSE_WRITE | FAN_OPEN_EXEC, AT_FDCWD, path)) {
            fprintf(stderr, "%s (%s) cannot be watched: %s\n", place, type, strerror(errno));
            return 0;
        }
        systems[system_count].id = file_system.f_fsid;
        systems[system_count++].descriptor = open(path, O_RDONLY | O_CLOEXEC);
    }
    fclose(mounts);
    fprintf(stderr, "watching\n");
    return 1;
}

// Prints where the descriptor leads, and closes it.
static void say_place(int descriptor) {
    char link[64], place[4096] = "?";
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, place, sizeof place - 1);
    if (length >= 0) place[length] = 0;
    if (descriptor >= 0) close(descriptor);
    printf(" %s", place);
}

static void say(const struct fanotify_event_metadata *event) {
    const struct fanotify_event_info_fid *info = (const void *)(event + 1);
    printf("%d", event->pid);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (event->mask & kinds[i].bit) printf(" %s", kinds[i].name);
    if (event->mask & FAN_Q_OVERFLOW) printf(" overflow");
    if (event->fd >= 0) {
        say_place(event->fd);
    } else if (event->event_len > sizeof *event && info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME) {
        // The directory, then the name in it.
        struct file_handle *handle = (void *)info->handle;
        say_place(open_by_handle_at(descriptor_of(&info->fsid), handle, O_PATH | O_CLOEXEC));
        printf("/%s", (const char *)handle->f_handle + handle->handle_bytes);
    }
    puts("");
    fflush(stdout);
}

static void hear(int from) {
    static char buffer[1 << 16] __attribute__((aligned(8)));
    ssize_t length = read(from, buffer, sizeof buffer);
    const struct fanotify_event_metadata *event = (const void *)buffer;
    for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length))
        if (event->pid != getpid()) say(event); // what is said may be written to a file
}

int main(void) {
    unsigned flags = FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_CLOEXEC;
    group = fanotify_init(flags | FAN_REPORT_DFID_NAME, O_RDONLY);
    plain_group = fanotify_init(flags, O_RDONLY | O_CLOEXEC | O_LARGEFILE);
    if (group < 0 || plain_group < 0) return perror("fanotify"), 1;
    if (!watch("self")) return 1;
    for (;;) {
        struct pollfd polled[] = {{group, POLLIN, 0}, {plain_group, POLLIN, 0}, {0, POLLIN, 0}};
        if (poll(polled, 3, -1) < 0) return 1;
        if (polled[0].revents) hear(group);
        if (polled[1].revents) hear(plain_group);
        if (polled[2].revents) {
            char line[64];
            if (!fgets(line, sizeof line, stdin)) return 0;
            line[strcspn(line, "\n")] = 0;
            if (!watch(line)) return 1;
        }
    }
}

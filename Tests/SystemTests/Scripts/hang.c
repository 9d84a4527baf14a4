// hang TID…            stops these threads of another process, and no others.
// hang -c NUMBER TID…  lets them go on until one of them, or of those that they start, makes the system call of this number, and
//                      stops that one there, before the call.
//
// Prints "hung TID…" when it is so, and returns when the process is dead: a tracer does not keep SIGKILL from a thread.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static pid_t threads[1024];
static int count;

static void add(pid_t thread) {
    for (int i = 0; i < count; i++)
        if (threads[i] == thread) return;
    threads[count++ % 1024] = thread;
}

// Whether the thread, which is at a system call, is about to make that one.
static int calls(pid_t thread, unsigned long number) {
    struct __ptrace_syscall_info call;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call) <= 0) return 0;
    return call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == number;
}

// Lets all but one go.
static void release_others(pid_t held) {
    for (int i = 0; i < count; i++) {
        if (threads[i] == held) continue;
        int status;
        // One that is stopped already takes no harm; one that has ended is nobody's concern.
        ptrace(PTRACE_INTERRUPT, threads[i], 0, 0);
        if (waitpid(threads[i], &status, __WALL) == threads[i] && WIFSTOPPED(status)) ptrace(PTRACE_DETACH, threads[i], 0, 0);
    }
}

int main(int argc, char **argv) {
    const char *number = NULL;
    int first = 1, status;
    if (argc > 2 && !strcmp(argv[1], "-c")) number = argv[2], first = 3;
    if (first >= argc) return 2;
    for (int i = first; i < argc; i++) {
        pid_t thread = atoi(argv[i]);
        long options = number ? PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE : 0;
        if (ptrace(PTRACE_SEIZE, thread, 0, options) || ptrace(PTRACE_INTERRUPT, thread, 0, 0)) {
            if (errno == ESRCH) continue; // ended meanwhile
            perror(argv[i]);
            return 1;
        }
        if (!number && waitpid(thread, &status, __WALL) < 0) return 1;
        add(thread);
    }
    while (number) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) return perror("wait"), 1;
        if (!WIFSTOPPED(status)) continue;
        add(thread);
        int signal = WSTOPSIG(status), event = status >> 16;
        if (signal == (SIGTRAP | 0x80) && calls(thread, strtoul(number, NULL, 10))) {
            release_others(thread);
            threads[0] = thread, count = 1;
            break;
        }
        ptrace(PTRACE_SYSCALL, thread, 0, event || signal == (SIGTRAP | 0x80) ? 0 : signal);
    }
    printf("hung");
    for (int i = 0; i < count; i++) printf(" %d", threads[i]);
    puts("");
    fflush(stdout);
    // Their ends come as events as well; anything else leaves them as they are.
    while (waitpid(-1, &status, __WALL) > 0 || errno == EINTR) {}
    return 0;
}

// load PATH CONNECTIONS REQUESTS PIPELINE FILE: sends the request line in FILE over Unix connections in a closed loop, PIPELINE at a
// time on each, and prints: answers a second, latency at the 50th and 99th percentile in microseconds, errors, bytes an answer.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int descriptor;
    unsigned head, tail;
    unsigned long sent[1024];
};

static char request[1 << 16];
static size_t request_length;
static char *batch;
static long sent, total;

static unsigned long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ul + time.tv_nsec;
}

static int by_value(const void *left, const void *right) {
    unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
    return a < b ? -1 : a > b;
}

static void ask(struct connection *connection, long count) {
    if (sent + count > total) count = total - sent;
    if (count <= 0) return;
    unsigned long time = now();
    for (long i = 0; i < count; i++) connection->sent[connection->tail++ % 1024] = time;
    if (write(connection->descriptor, batch, request_length * count) < 0) perror("write");
    sent += count;
}

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    int count = atoi(argv[2]), pipeline = atoi(argv[4]);
    total = atol(argv[3]);
    FILE *file = fopen(argv[5], "r");
    if (!file) return 1;
    request_length = fread(request, 1, sizeof request, file);
    fclose(file);
    batch = malloc(request_length * pipeline);
    for (int i = 0; i < pipeline; i++) memcpy(batch + i * request_length, request, request_length);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    struct connection *connections = calloc(count, sizeof *connections);
    int epoll = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        connections[i].descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(connections[i].descriptor, (struct sockaddr *)&address, sizeof address)) {
            perror(argv[1]);
            return 1;
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].descriptor, &event);
    }

    unsigned *latencies = malloc(total * sizeof *latencies);
    static char input[1 << 20];
    long done = 0, errors = 0, bytes = 0;
    unsigned long begin = now();
    for (int i = 0; i < count; i++) ask(&connections[i], pipeline);
    struct epoll_event events[512];
    while (done < total) {
        int ready = epoll_wait(epoll, events, 512, 10000);
        if (ready <= 0) {
            fprintf(stderr, "load: no answer for 10 s after %ld\n", done);
            return 1;
        }
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            ssize_t length = read(connection->descriptor, input, sizeof input);
            if (length <= 0) {
                fprintf(stderr, "load: the connection was closed\n");
                return 1;
            }
            bytes += length;
            if (memmem(input, length, "\"error\"", 7)) errors++;
            unsigned long time = now();
            int answered = 0;
            for (char *end = input; (end = memchr(end, '\n', input + length - end)); end++, answered++)
                if (done < total) latencies[done++] = time - connection->sent[connection->head++ % 1024];
            ask(connection, answered);
        }
    }
    double seconds = (now() - begin) / 1e9;
    qsort(latencies, done, sizeof *latencies, by_value);
    printf("%.0f %.1f %.1f %ld %ld\n", done / seconds, latencies[done / 2] / 1e3, latencies[done * 99 / 100] / 1e3, errors, bytes / done);
}

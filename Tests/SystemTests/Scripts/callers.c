// callers SOCKET COUNT IDS ERRORS: so many clients ask the daemon for credentials, without end, each after a pause of up to 30 ms: of four
// one keeps its connection, one keeps it and sends four requests at once, and two make a connection for each request, and end their
// side of it after that. IDS has the connections to ask for, one a line; an answer without a token goes to ERRORS, one a line.
//
// On standard input: "kill PID" kills that process, and is answered by "back N" with the microseconds from then to the first answer on
// a connection that was made after it was dead; "report" by what has happened since the last one:
//   asked      requests that were written; the kernel refuses what is sent to a socket whose daemon reads no more: that is asked again
//   answered   of these, with a token
//   errors     of these, with anything else
//   cut        of these, on connections of a process that was killed
//   unanswered of these, on connections that ended otherwise
//   refused    connections that could not be made
//   older      answers with an older generation than one that was answered before: tokens that the daemon had, and lost
//   p50 p99 max  microseconds until an answer
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { most = 64, depth = 4 };
struct client {
    int descriptor, keeps, batch, pending;
    long opened, sent, next;
    size_t length;
    char input[1 << 16];
};

static struct client clients[most];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char ids[1024][64];
static int count, id_count;
static FILE *errors_file;
static long asked, answered, errors, cut, unanswered, refused, older;
static long newest[1024], noted[1024]; // generation of each connection, and since when it is known
static unsigned *latencies;
static long latency_count, latency_room;
static long killed, died; // when; what is "back" is still awaited while killed is set

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000l + time.tv_nsec / 1000;
}

static void leave(struct client *client, int is_cut) {
    *(is_cut ? &cut : &unanswered) += client->pending;
    close(client->descriptor);
    client->descriptor = -1;
    client->pending = 0;
    client->length = 0;
}

static void ask(struct client *client) {
    if (client->descriptor < 0) {
        client->opened = now();
        client->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(client->descriptor, (struct sockaddr *)&address, sizeof address)) {
            refused++;
            client->next = now() + 10000;
            return leave(client, 0);
        }
        fcntl(client->descriptor, F_SETFL, O_NONBLOCK);
    }
    client->sent = now();
    for (int i = 0; i < client->batch; i++) {
        char request[256];
        int length = snprintf(request, sizeof request,
            "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"getConnectionCredentials\",\"params\":{\"connectionId\":\"%s\"}}\n", i,
            ids[rand() % id_count]);
        // Not sent at all: the rest is asked on another connection, when this one's answers are there.
        if (write(client->descriptor, request, length) != length) break;
        asked++;
        client->pending++;
    }
    if (!client->pending) return leave(client, 0);
    if (!client->keeps) shutdown(client->descriptor, SHUT_WR);
}

// Keeps the newest generation of the connection that an answer is about.
static void note_generation(const char *line, long sent) {
    const char *id = strstr(line, "\"connectionId\":\""), *generation = strstr(line, "\"generation\":");
    for (int i = 0; id && generation && i < id_count; i++) {
        size_t length = strlen(ids[i]);
        if (strncmp(id + 16, ids[i], length) || id[16 + length] != '"') continue;
        long number = atol(generation + 13);
        // What was asked before the newer one was known may well be older.
        if (number < newest[i] && sent > noted[i]) older++;
        if (number <= newest[i]) return;
        newest[i] = number;
        noted[i] = now();
        return;
    }
}

static void take(struct client *client, char *line) {
    long time = now();
    if (strstr(line, "\"accessToken\":\"")) {
        answered++;
        note_generation(line, client->sent);
    } else {
        errors++;
        fprintf(errors_file, "%s\n", line);
        fflush(errors_file);
    }
    if (latency_count == latency_room)
        latencies = realloc(latencies, (latency_room = latency_room * 2 + 1024) * sizeof *latencies);
    latencies[latency_count++] = time - client->sent;
    if (killed && client->opened > died) {
        printf("back %ld\n", time - killed);
        fflush(stdout);
        killed = 0;
    }
    if (--client->pending) return;
    client->next = time + rand() % 30000;
    if (!client->keeps) leave(client, 0);
}

static void hear(struct client *client) {
    ssize_t length = read(client->descriptor, client->input + client->length, sizeof client->input - client->length - 1);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) return leave(client, client->opened < died);
    client->input[client->length += length] = 0;
    char *line = client->input, *end;
    while (client->descriptor >= 0 && (end = strchr(line, '\n'))) {
        *end = 0;
        take(client, line);
        line = end + 1;
    }
    if (client->descriptor < 0) return;
    client->length -= line - client->input;
    memmove(client->input, line, client->length + 1);
}

static int by_value(const void *left, const void *right) {
    unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
    return a < b ? -1 : a > b;
}

static unsigned at(int percent) { return latency_count ? latencies[(latency_count - 1) * percent / 100] : 0; }

static void obey(const char *command) {
    int process;
    if (sscanf(command, "kill %d", &process) == 1) {
        int descriptor = syscall(SYS_pidfd_open, process, 0);
        struct pollfd end = {.fd = descriptor, .events = POLLIN};
        killed = now();
        kill(process, SIGKILL);
        poll(&end, 1, 5000);
        died = now();
        close(descriptor);
    } else {
        // What was asked by now is to be counted: nothing new until it is answered.
        qsort(latencies, latency_count, sizeof *latencies, by_value);
        printf("asked=%ld answered=%ld errors=%ld cut=%ld unanswered=%ld refused=%ld older=%ld p50=%u p99=%u max=%u\n", asked,
            answered, errors, cut, unanswered, refused, older, at(50), at(99), at(100));
        fflush(stdout);
        asked = answered = errors = cut = unanswered = refused = older = latency_count = 0;
    }
}

int main(int argc, char **argv) {
    if (argc != 5 || (count = atoi(argv[2])) > most) return 2;
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    FILE *file = fopen(argv[3], "r");
    errors_file = fopen(argv[4], "a");
    if (!file || !errors_file) return 1;
    while (id_count < 1024 && fscanf(file, "%63s", ids[id_count]) == 1) id_count++;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < count; i++) {
        clients[i].descriptor = -1;
        clients[i].keeps = i % 4 < 2;
        clients[i].batch = i % 4 == 1 ? depth : 1;
    }
    char command[256];
    int is_reporting = 0;
    for (;;) {
        struct pollfd polled[most + 1];
        long time = now(), wake = time + 1000000;
        int pending = 0;
        for (int i = 0; i < count; i++) {
            struct client *client = &clients[i];
            if (!client->pending && client->next <= time && !is_reporting) ask(client);
            if (!client->pending && client->next < wake) wake = client->next;
            pending += client->pending;
            polled[i] = (struct pollfd){.fd = client->descriptor, .events = POLLIN};
        }
        if (is_reporting && !pending) {
            obey(command);
            is_reporting = 0;
            continue;
        }
        polled[count] = (struct pollfd){.fd = is_reporting ? -1 : 0, .events = POLLIN};
        poll(polled, count + 1, is_reporting || wake <= time ? 1 : (wake - time) / 1000 + 1);
        for (int i = 0; i < count; i++)
            if (clients[i].descriptor >= 0 && polled[i].revents) hear(&clients[i]);
        if (polled[count].revents) {
            if (!fgets(command, sizeof command, stdin)) return 0;
            if (command[0] == 'k') obey(command);
            else is_reporting = 1;
        }
    }
}

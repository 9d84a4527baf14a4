#include "CLinux.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

const int clinux_so_cookie = SO_COOKIE;

uint64_t clinux_socket_cookie(int descriptor) {
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0 ? cookie : 0;
}

// States of TCP: the header that has them has another struct tcp_info.
enum { established = 1, fin_wait_1 = 4, fin_wait_2 = 5, closed = 7 };

// The end of the other side's stream counts as one more byte, unlike in SIOCINQ.
static int bytes_received(int socket, uint64_t *bytes) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
    int state = info.tcpi_state;
    if (state == closed) {
        errno = ENOTCONN;
        return -1;
    }
    *bytes = info.tcpi_bytes_received - (state != established && state != fin_wait_1 && state != fin_wait_2);
    return 0;
}

static int bytes_acknowledged(int socket, uint64_t *bytes) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
    *bytes = info.tcpi_bytes_acked;
    return 0;
}

// A count of what went over the wire, and the length of a queue, as they are in one moment.
static int in_one_moment(int socket, int (*count)(int, uint64_t *), unsigned long queue, uint64_t *bytes, int *queued) {
    for (int attempt = 0; attempt < 8; attempt++) {
        uint64_t before;
        if (count(socket, &before) != 0 || ioctl(socket, queue, queued) != 0 || count(socket, bytes) != 0) return -1;
        if (before == *bytes) return 0;
    }
    errno = EAGAIN;
    return -1;
}

int clinux_tcp_bytes_read(int socket, uint64_t *bytes) {
    int waiting;
    if (in_one_moment(socket, bytes_received, SIOCINQ, bytes, &waiting) != 0) return -1;
    *bytes -= (uint64_t)waiting;
    return 0;
}

int clinux_tcp_bytes_written(int socket, uint64_t *bytes) {
    int queued;
    if (in_one_moment(socket, bytes_acknowledged, SIOCOUTQ, bytes, &queued) != 0) return -1;
    *bytes += (uint64_t)queued;
    return 0;
}

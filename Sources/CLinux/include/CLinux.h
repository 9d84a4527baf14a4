// Linux calls that Swift's Glibc module does not show. Each function is a thin cover of one call and hands back the
// kernel's result; on failure that is -1 with the reason in errno. None allocates, locks or keeps state, so any thread
// may call any.

#ifndef CLINUX_H
#define CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

// MARK: - The peer of a Unix socket

/// The process at the other end, as it was when it connected (struct ucred, unix(7)).
struct clinux_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/// SO_PEERCRED, unix(7). A peer in a foreign user namespace shows as the overflow uid 65534; one in a foreign pid
/// namespace as pid 0.
int clinux_peer_credentials(int socket, struct clinux_peer *peer);

/// SO_PEERGROUPS (kernel 4.13): the supplementary groups the peer had when it connected. Writes at most `capacity` of
/// them and their number to `count`. With ERANGE nothing is written but `count`, which is then how many there are.
int clinux_peer_groups(int socket, gid_t *groups, size_t capacity, size_t *count);

/// SO_PEERPIDFD (kernel 6.5): a new descriptor, close-on-exec, of the peer's process, which no later process can take
/// over. ENOPROTOOPT: the kernel is older. ESRCH, or ENODATA: the process is gone already.
int clinux_peer_pidfd(int socket);

// MARK: - TCP sockets

/// SO_COOKIE, as an option for getsockopt(2).
extern const int clinux_so_cookie;

/// SO_COOKIE, socket(7) (kernel 4.12): the number that the socket has in all processes; 0 if the descriptor is none.
uint64_t clinux_socket_cookie(int descriptor);

/// TCP_INFO, tcp(7), and SIOCOUTQ: how many bytes were ever written to the connection, a constant aside. -1 too if an
/// acknowledgement that comes in at this moment keeps the two from agreeing (EAGAIN).
int clinux_tcp_bytes_written(int socket, uint64_t *bytes);

/// TCP_INFO and SIOCINQ: how many bytes were ever read from the connection, by whichever process. -1 too if the connection
/// is closed (ENOTCONN), or if what comes in at this moment keeps the two from agreeing (EAGAIN).
int clinux_tcp_bytes_read(int socket, uint64_t *bytes);

// MARK: - Processes

/// pidfd_open(2) (kernel 5.3): a new descriptor, close-on-exec, of the process `pid`.
int clinux_pidfd_open(pid_t pid);

/// poll(2) on a pidfd, without waiting: 1 if its process still runs, 0 if it has ended, -1 if the descriptor cannot
/// tell.
int clinux_pidfd_is_alive(int pidfd);

/// PR_SET_DUMPABLE, prctl(2): whether this process may dump core and be traced, and who owns its /proc/PID.
int clinux_set_dumpable(bool dumpable);

/// PR_GET_DUMPABLE, prctl(2): 0 no, 1 yes, 2 for root only.
int clinux_get_dumpable(void);

/// PR_SET_NAME, prctl(2): the calling thread's name, of which 15 bytes count.
int clinux_name_thread(const char *name);

// MARK: - Memory

/// memfd_secret(2) (kernel 6.5, or 5.14 with secretmem.enable=1): a new descriptor, close-on-exec, of memory that only
/// its mappings can reach. ENOSYS: the kernel has none. Its size can be set once, with ftruncate(2).
int clinux_memfd_secret(void);

/// memfd_create(2): a new descriptor, close-on-exec, of anonymous memory that can be sealed and, where the kernel
/// knows the flag (6.3), never executed.
int clinux_memfd_create(const char *name);

/// F_ADD_SEALS, fcntl(2): the memory keeps its size from now on, and these seals stay.
int clinux_seal_size(int memfd);

/// F_GET_SEALS, fcntl(2): 1 if the memory can no longer shrink, 0 if it can; EINVAL where the file knows no seals.
int clinux_has_sealed_size(int memfd);

/// mlock2(2) with MLOCK_ONFAULT (kernel 4.4): pages are locked as they are first touched. The whole length counts
/// against RLIMIT_MEMLOCK at once.
int clinux_mlock_on_fault(const void *start, size_t length);

/// fstatfs(2), f_type: 1 if the descriptor leads to memory of memfd_secret(2), 0 if to anything else.
int clinux_is_secret_memory(int descriptor);

// MARK: - Descriptors and clocks

/// FD_CLOEXEC, fcntl(2) F_SETFD: a program started later does not inherit the descriptor.
int clinux_set_close_on_exec(int descriptor);

/// CLOCK_BOOTTIME, clock_gettime(2): nanoseconds since boot, those in suspend included.
int64_t clinux_boottime_nanoseconds(void);

/// CLOCK_REALTIME, clock_gettime(2): nanoseconds since 1970 UTC; it can jump.
int64_t clinux_realtime_nanoseconds(void);

#pragma clang assume_nonnull end

#endif

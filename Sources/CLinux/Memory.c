#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

// SECRETMEM_MAGIC of <linux/magic.h>, which headers of kernels before 5.14 lack.
static const __fsword_t secretmem_magic = 0x5345434d;

// The manual page says FD_CLOEXEC; the kernel takes O_CLOEXEC and answers EINVAL to the other.
int clinux_memfd_secret(void) { return (int)syscall(SYS_memfd_secret, O_CLOEXEC); }

int clinux_memfd_create(const char *name) {
    int memfd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (memfd >= 0 || errno != EINVAL) return memfd;
    return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int clinux_seal_size(int memfd) { return fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL); }

int clinux_has_sealed_size(int memfd) {
    int seals = fcntl(memfd, F_GET_SEALS);
    return seals < 0 ? -1 : (seals & F_SEAL_SHRINK) != 0;
}

int clinux_mlock_on_fault(const void *start, size_t length) { return mlock2(start, length, MLOCK_ONFAULT); }

int clinux_is_secret_memory(int descriptor) {
    struct statfs filesystem;
    if (fstatfs(descriptor, &filesystem) != 0) return -1;
    return filesystem.f_type == secretmem_magic;
}

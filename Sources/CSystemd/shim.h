// libsystemd: notifications, socket activation, the descriptor store (sd-daemon.h), the journal (sd-journal.h).

#include <systemd/sd-daemon.h>

// sd_journal_sendv as a macro would add this header's own place in the code to each entry.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

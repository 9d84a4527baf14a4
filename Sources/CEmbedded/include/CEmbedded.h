#ifndef PURSER_CEMBEDDED_H
#define PURSER_CEMBEDDED_H

#include <stddef.h>

/* A file that was put into the program when it was built. */
struct purser_embedded_file {
    const unsigned char *bytes;
    size_t length;
};

/* The provider catalogue: the texts of Sources/ProviderCatalog/Providers, each followed by a zero byte. */
struct purser_embedded_file purser_provider_files(void);

/* Protocol/openrpc.json; without bytes if the program was built without it. */
struct purser_embedded_file purser_openrpc_document(void);

#endif

#include "CEmbedded.h"

/* #embed is C23; clang has it in every mode and says so. */
#pragma clang diagnostic ignored "-Wc23-extensions"

/* One line for each provider, in alphabetical order; the file's own first line says which provider it describes. */
static const unsigned char provider_files[] = {
#embed "../ProviderCatalog/Providers/atlassian.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/github-app-user.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/github.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/google.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/microsoft.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/myob.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/notion.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/salesforce.yaml" suffix(, 0,)
#embed "../ProviderCatalog/Providers/xero.yaml" suffix(, 0,)
};

struct purser_embedded_file purser_provider_files(void) {
    return (struct purser_embedded_file){provider_files, sizeof provider_files};
}

#if __has_embed("../../Protocol/openrpc.json") == __STDC_EMBED_FOUND__
static const unsigned char openrpc_document[] = {
#embed "../../Protocol/openrpc.json"
};

struct purser_embedded_file purser_openrpc_document(void) {
    return (struct purser_embedded_file){openrpc_document, sizeof openrpc_document};
}
#else
struct purser_embedded_file purser_openrpc_document(void) {
    return (struct purser_embedded_file){0, 0};
}
#endif

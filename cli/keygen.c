/* memgate keygen - a random key for MEM_ENCRYPTION_KEY: 256 bits, so no guessing and no Argon2id at start. */
#include "cli/commands.h"
#include "cli/options.h"
#include "core/secret.h"

#include <sodium.h>

#include <stdio.h>

mg_exit_t
mg_command_keygen(int argc, char **argv)
{
    const mg_option_t options[] = {{0}};
    mg_options_t table = {.usage = "memgate keygen", .options = options};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    uint8_t key[MG_SECRET_RAW];
    char text[2 * MG_SECRET_RAW + 1];
    randombytes_buf(key, sizeof key);
    (void)printf("hex:%s\n", sodium_bin2hex(text, sizeof text, key, sizeof key));
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    (void)fprintf(
        stderr,
        "memgate: keep this key apart from the dumps: without it every dump is worthless.\n");
    return MG_EXIT_OK;
}

#include "gateway/strength.h"

#include "gateway/text.h"

#include <string.h>

bool
mg_password_is_strong(mg_slice_t password)
{
    bool upper = false;
    bool lower = false;
    bool digit = false;
    bool special = false;
    for (size_t i = 0; i < password.len; i++) {
        uint8_t byte = password.data[i];
        upper = upper || (byte >= 'A' && byte <= 'Z');
        lower = lower || (byte >= 'a' && byte <= 'z');
        digit = digit || (byte >= '0' && byte <= '9');
        special = special || (byte != 0 && strchr("!@#$%^&*()-_=+[]{};:,.<>?/", byte));
    }
    return upper && lower && digit && special && mg_text_length(password) >= MG_PASSWORD_MIN;
}

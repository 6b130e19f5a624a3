/* strength - what a new password must have.
 *
 * Source : platform-api.md section 5.
 */
#ifndef MG_GATEWAY_STRENGTH_H
#define MG_GATEWAY_STRENGTH_H

#include "core/buf.h"

enum { MG_PASSWORD_MIN = 16 /* characters */ };

/* At least MG_PASSWORD_MIN characters, among them an upper and a lower case letter, a digit and a special one. */
bool mg_password_is_strong(mg_slice_t password);

#endif

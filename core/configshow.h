/* configshow - the configuration as people read it: what is in force, and what there is.
 *
 * Owns     : nothing.
 * Thread   : any that may read the configuration.
 * Fails    : never; without memory the text is short.
 * Not here : reading (core/config.h), the table itself (core/configtable.h).
 */
#ifndef MG_CORE_CONFIGSHOW_H
#define MG_CORE_CONFIGSHOW_H

#include "core/config.h"

/* One line NAME=value per setting, as it is in force. Of a secret only whether it is set. */
void mg_config_show(const mg_config_t *config, mg_buf_t *out);
/* The tables of docs/configuration.md: every variable with default and meaning, and those that have no effect. */
void mg_config_markdown(mg_buf_t *out);

#endif

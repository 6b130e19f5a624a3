/* shapes - fields of answers in one line each: always there, unless it says MAYBE.
 *
 * Owns : nothing.
 */
#ifndef MG_GATEWAY_SHAPES_H
#define MG_GATEWAY_SHAPES_H

#include "gateway/fields.h"

#define MG_SHAPE(field, kind)                                                                      \
    {                                                                                              \
        .name = (field), .type = (kind), .flags = MG_FIELD_REQUIRED                                \
    }
#define MG_SHAPE_HOLDS(field, kind, table)                                                         \
    {                                                                                              \
        .name = (field), .type = (kind), .flags = MG_FIELD_REQUIRED, .items = (table)              \
    }
#define MG_SHAPE_MAYBE(field, kind)                                                                \
    {                                                                                              \
        .name = (field), .type = (kind)                                                            \
    }
#define MG_SHAPE_ONE_OF(field, list)                                                               \
    {                                                                                              \
        .name = (field), .type = MG_FIELD_TEXT, .flags = MG_FIELD_REQUIRED, .choices = (list)      \
    }
#define MG_SHAPE_END                                                                               \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#endif

/* ecscheck - an ECS task or service definition, checked before it is registered.
 *
 * Owns     : nothing between calls.
 * Thread   : main, before any other thread: it replaces the environment by the container's.
 * Fails    : each mistake is one sentence, one line, appended to `problems`.
 * Not here : what the container's variables must be together (core/configcheck.h), which is asked here too.
 * Source   : AWS's reference of task definition parameters; docs/deploy-ecs.md explains each rule.
 */
#ifndef MG_CLI_ECSCHECK_H
#define MG_CLI_ECSCHECK_H

#include "core/buf.h"

#include <jansson.h>

/* `definition`: what `aws ecs register-task-definition` or `create-service` takes, or `describe-task-definition` gives. */
void mg_ecs_check(const json_t *definition, mg_buf_t *problems, mg_buf_t *warnings);

#endif

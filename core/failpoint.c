#include "core/failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64 };

static char s_name[NAME_SIZE]; /* written before the first thread */
static int s_signal = SIGKILL;
static atomic_int s_left; /* passings until it happens; 0: not armed */

void
mg_failpoint_arm(const char *plan)
{
    char action[NAME_SIZE] = "kill";
    int nth = 1;
    s_name[0] = 0;
    if (plan) {
        (void)sscanf(plan, "%63[^:]:%d:%63s", s_name, &nth, action); // NOLINT(cert-err34-c)
    }
    s_signal = strcmp(action, "stop") == 0 ? SIGSTOP : SIGKILL;
    atomic_store(&s_left, plan ? nth : 0);
}

void
mg_failpoint_pass(const char *name)
{
    if (atomic_load(&s_left) > 0 && strcmp(name, s_name) == 0 &&
        atomic_fetch_sub(&s_left, 1) == 1) {
        (void)raise(s_signal);
    }
}

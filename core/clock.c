#include "core/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t
s_read(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* both clocks always exist on Linux */
    return (int64_t)now.tv_sec * MG_NS_PER_SECOND + now.tv_nsec;
}

int64_t
mg_clock_mono_ms(void)
{
    return s_read(CLOCK_MONOTONIC) / MG_NS_PER_MS;
}

int64_t
mg_clock_mono_ns(void)
{
    return s_read(CLOCK_MONOTONIC);
}

int64_t
mg_clock_wall_ns(void)
{
    return s_read(CLOCK_REALTIME);
}

void
mg_clock_rfc3339(int64_t unix_ns, char out[MG_RFC3339_SIZE])
{
    int64_t seconds = unix_ns / MG_NS_PER_SECOND;
    int64_t rest = unix_ns % MG_NS_PER_SECOND;
    if (rest < 0) {
        rest += MG_NS_PER_SECOND;
        seconds--;
    }
    struct tm parts = {0};
    time_t when = (time_t)seconds;
    (void)gmtime_r(&when, &parts);
    char date[MG_RFC3339_SIZE] = "";
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(out, MG_RFC3339_SIZE, "%.20s.%03dZ", date, (int)(rest / MG_NS_PER_MS));
}

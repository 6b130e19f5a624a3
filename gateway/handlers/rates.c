/* Limits per address for what anybody may ask: login and registration. */
#include "core/clock.h"
#include "gateway/handlers/handlers.h"
#include "gateway/service.h"

#include <inttypes.h>
#include <stdio.h>

static void
s_number_header(mg_request_t *request, const char *name, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    mg_answer_header(&request->answer, name, mg_slice_text(text));
}

bool
mg_passes_rate(mg_request_t *request, mg_rate_t kind)
{
    mg_ratelimit_verdict_t *rate = &request->learnt.rate;
    if (request->runs == 1) {
        char client[MG_ADDRESS_TEXT];
        mg_address_t address = mg_ipfilter_client(mg_request_ipfilter(request), &request->origin);
        mg_address_write(&address, client);
        *rate = mg_ratestore_take(request->service->rates, kind, mg_slice_text(client),
                                  mg_clock_mono_ms());
    }
    if (rate->limit > 0) {
        s_number_header(request, "X-RateLimit-Limit", rate->limit);
        s_number_header(request, "X-RateLimit-Remaining", rate->remaining);
        s_number_header(request, "X-RateLimit-Reset", rate->reset_s);
    }
    if (!rate->allowed) {
        s_number_header(request, "Retry-After", rate->reset_s);
        mg_request_refuse(request, MG_ERROR_LOGIN_RATE);
    }
    return rate->allowed;
}

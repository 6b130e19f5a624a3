#include "gateway/jsonproblem.h"

#include "gateway/text.h"

#include <string.h>

/* What the parser's text contains, and how we say it; the first row that fits. */
static const char *const s_words[][2] = {
    {"object is needed", "a JSON object is needed"},
    {"'[' or '{' expected", "a JSON object is needed"},
    {"premature end", "it ends too early"},
    {"near end of file", "it ends too early"},
    {"end of file expected", "something stands behind the object"},
    {"duplicate object key", "a name stands twice in one object"},
    {"NUL byte in object key", "a name holds U+0000"},
    {"unable to decode", "the bytes are not UTF-8"},
    {"too big negative", "the number is too small"},
    {"overflow", "the number is too large"},
    {"too big", "the number is too large"},
    {"invalid escape", "the escape is not known"},
    {"invalid Unicode", "the escape is no character"},
    {"unexpected newline", "a text holds a control character"},
    {"control character", "a text holds a control character"},
    {"parsing depth", "it is nested too deeply"},
    {"", "it is not JSON here"},
};

static const char *
s_word(const char *text)
{
    const char *quote = strstr(text, " near '"); /* behind it the parser repeats the body */
    size_t len = quote ? (size_t)(quote - text) : strlen(text);
    size_t row = 0;
    while (!memmem(text, len, s_words[row][0], strlen(s_words[row][0]))) {
        row++; /* the last row fits everything */
    }
    return s_words[row][1];
}

void
mg_jsonproblem_write(mg_slice_t body, const mg_json_error_t *problem, mg_buf_t *out)
{
    size_t at = problem->at < body.len ? problem->at : body.len;
    size_t line = 1;
    size_t line_at = 0;
    for (size_t i = 0; i + 1 < at; i++) { /* the last character itself may be a line end */
        if (body.data[i] == '\n') {
            line++;
            line_at = i + 1;
        }
    }
    size_t column = mg_text_length(mg_slice(body.data + line_at, at - line_at));
    mg_buf_append_format(out, "The body is not valid at line %zu, column %zu: %s", line,
                         column > 0 ? column : 1, s_word(problem->text));
}

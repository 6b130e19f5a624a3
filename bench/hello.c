/* hello - two limits of the HTTP library: one thread, one epoll loop, and for everything the same answer.
 *
 *     hello PORT HEADERS BODY           one prepared answer, nothing is looked up
 *     hello PORT HEADERS BODY PATHS     the table: the path is looked up among those of the file, and the answer made anew
 *
 * HEADERS: a file of `Name: value` lines; BODY: a file; PATHS: a file with one path a line. Ends with SIGTERM. The same library, mode
 * and thread count as memgate's gateway, and the same headers and bytes. The table is what a server without tokens, checks, limits and
 * versions would do for a document in its own memory.
 */
#define _GNU_SOURCE
#include <microhttpd.h>

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { HEADERS_MAX = 32, PATHS_MAX = 100000, FILE_MAX = 1 << 23 };

typedef struct hello {
    const char *names[HEADERS_MAX];
    const char *values[HEADERS_MAX];
    int headers;
    char *body;
    size_t body_len;
    struct MHD_Response *prepared; /* NULL: each is made anew */
    struct hsearch_data table;
} hello_t;

static char *
s_read(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, FILE_MAX);
    if (!file || !text) {
        perror(path);
        exit(1);
    }
    *out_len = fread(text, 1, FILE_MAX - 1, file);
    (void)fclose(file);
    return text;
}

static void
s_read_headers(hello_t *self, const char *path)
{
    size_t len = 0;
    char *rest = NULL;
    char *text = s_read(path, &len);
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char *value = strstr(line, ": ");
        if (value && self->headers < HEADERS_MAX) {
            *value = 0;
            self->names[self->headers] = line;
            self->values[self->headers++] = value + 2;
        }
    }
}

static void
s_read_paths(hello_t *self, const char *path)
{
    size_t len = 0;
    char *rest = NULL;
    char *text = s_read(path, &len);
    if (!hcreate_r(2 * PATHS_MAX, &self->table)) {
        exit(1);
    }
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        ENTRY *entry = NULL;
        (void)hsearch_r((ENTRY){.key = line, .data = self->body}, ENTER, &entry, &self->table);
    }
}

static struct MHD_Response *
s_make(const hello_t *self, char *body, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(self->body_len, body, mode);
    for (int i = 0; i < self->headers; i++) {
        (void)MHD_add_response_header(response, self->names[i], self->values[i]);
    }
    return response;
}

static enum MHD_Result
s_answer_from_table(hello_t *self, struct MHD_Connection *connection, const char *url)
{
    ENTRY *entry = NULL;
    if (!hsearch_r((ENTRY){.key = (char *)url}, FIND, &entry, &self->table)) {
        return MHD_NO;
    }
    struct MHD_Response *response = s_make(self, entry->data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
s_answer(void *arg,
         struct MHD_Connection *connection,
         const char *url,
         const char *method,
         const char *version,
         const char *data,
         size_t *data_len,
         void **state)
{
    hello_t *self = arg;
    (void)method;
    (void)version;
    (void)data;
    if (!*state) {
        *state = arg; /* the head is there; the body, if any, follows */
        return MHD_YES;
    }
    *data_len = 0;
    return self->prepared ? MHD_queue_response(connection, MHD_HTTP_OK, self->prepared)
                          : s_answer_from_table(self, connection, url);
}

int
main(int argc, char **argv)
{
    static hello_t self;
    if (argc != 4 && argc != 5) {
        return 64;
    }
    s_read_headers(&self, argv[2]);
    self.body = s_read(argv[3], &self.body_len);
    if (argc == 5) {
        s_read_paths(&self, argv[4]);
    } else {
        self.prepared = s_make(&self, self.body, MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, (unsigned short)atoi(argv[1]), NULL,
                                                 NULL, s_answer, &self, MHD_OPTION_END);
    if (!daemon) {
        return 69;
    }
    int fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    int outer = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    (void)epoll_ctl(outer, EPOLL_CTL_ADD, fd, &event);
    for (;;) {
        MHD_UNSIGNED_LONG_LONG timeout = 0;
        int wait_ms = MHD_get_timeout(daemon, &timeout) == MHD_YES ? (int)timeout : -1;
        (void)epoll_wait(outer, &event, 1, wait_ms);
        (void)MHD_run(daemon);
    }
}

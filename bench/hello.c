/* hello - the limit of the HTTP library: one thread, one epoll loop, one prepared answer for everything.
 *
 *     hello PORT HEADERS BODY     HEADERS: a file of `Name: value` lines; BODY: a file. Ends with SIGTERM.
 *
 * The same library, mode and thread count as memgate's gateway, and the same headers and bytes; nothing is looked up.
 */
#include <microhttpd.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

static char *
s_read(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (!file || !text) {
        perror(path);
        exit(1);
    }
    *out_len = fread(text, 1, (1 << 20) - 1, file);
    (void)fclose(file);
    return text;
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
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (!*state) {
        *state = arg; /* the head is there; the body, if any, follows */
        return MHD_YES;
    }
    *data_len = 0;
    return MHD_queue_response(connection, MHD_HTTP_OK, arg);
}

int
main(int argc, char **argv)
{
    size_t len = 0;
    if (argc != 4) {
        return 64;
    }
    char *headers = s_read(argv[2], &len);
    char *body = s_read(argv[3], &len);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
    for (char *line = strtok(headers, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        char *value = strstr(line, ": ");
        if (value) {
            *value = 0;
            (void)MHD_add_response_header(response, line, value + 2);
        }
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, (unsigned short)atoi(argv[1]), NULL,
                                                 NULL, s_answer, response, MHD_OPTION_END);
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

#include "actors/idle.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct task {
    mg_idle_fn *work;
    void *arg;
    int ended; /* an eventfd */
} task_t;

bool
mg_idle_become(void)
{
    const struct sched_param none = {0};
    return sched_setscheduler(0, SCHED_IDLE, &none) == 0;
}

static void *
s_thread(void *arg)
{
    const task_t *task = arg;
    (void)pthread_setname_np(pthread_self(), "mg-idle");
    (void)mg_idle_become();
    task->work(task->arg);
    (void)eventfd_write(task->ended, 1);
    return NULL;
}

/* Until the work has ended. */
static void
s_tend(const task_t *task, const mg_idle_tender_t *tender)
{
    zmq_pollitem_t items[] = {{.fd = task->ended, .events = ZMQ_POLLIN},
                              {.socket = zsock_resolve(tender->inbox), .events = ZMQ_POLLIN}};
    tender->tend(tender->arg);
    while (!items[0].revents) {
        (void)zmq_poll(items, 2, MG_IDLE_TEND_MS);
        tender->tend(tender->arg);
    }
}

void
mg_idle_run(mg_idle_fn *work, void *arg, const mg_idle_tender_t *tender)
{
    pthread_t thread;
    task_t task = {work, arg, eventfd(0, EFD_CLOEXEC)};
    if (task.ended < 0 || pthread_create(&thread, NULL, s_thread, &task) != 0) {
        work(arg);
    } else {
        s_tend(&task, tender);
        (void)pthread_join(thread, NULL);
    }
    if (task.ended >= 0) {
        (void)close(task.ended);
    }
}

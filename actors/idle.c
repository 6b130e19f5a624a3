#include "actors/idle.h"

#include <pthread.h>
#include <sched.h>

typedef struct task {
    mg_idle_fn *fn;
    void *arg;
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
    task->fn(task->arg);
    return NULL;
}

void
mg_idle_run(mg_idle_fn *fn, void *arg)
{
    task_t task = {fn, arg};
    pthread_t thread;
    if (pthread_create(&thread, NULL, s_thread, &task) != 0) {
        fn(arg);
        return;
    }
    (void)pthread_join(thread, NULL);
}

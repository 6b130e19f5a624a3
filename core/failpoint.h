/* failpoint - named places at which a test lets the program die or stand still. Test builds only (MG_FAILPOINTS).
 *
 * Owns     : the one armed point of the process; set once at start, before any other thread.
 * Thread   : any may pass a point.
 * Takes    : MEMGATE_FAILPOINT=<name>[:<nth>[:kill|stop]] (core/config.c reads it): at the nth passing (default 1) the process
 *            kills itself as kill -9 does (default), or stops itself until somebody continues it.
 * Not here : failing system calls (the table of core/file.h does that).
 * Source   : design.md section 10. Names are `<area>.<step that is done>`; tests find them in the sources.
 */
#ifndef MG_CORE_FAILPOINT_H
#define MG_CORE_FAILPOINT_H

#ifdef MG_FAILPOINTS
#define MG_FAILPOINT(name) mg_failpoint_pass(name)
/* `plan` as above; NULL disarms. */
void mg_failpoint_arm(const char *plan);
void mg_failpoint_pass(const char *name);
#else
#define MG_FAILPOINT(name)     ((void)0)
#define mg_failpoint_arm(plan) ((void)0)
#endif

#endif

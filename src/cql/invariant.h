/*
 * cql/invariant.h
 *	  Invariants of the core that are checked, and the thread that a thing belongs to.
 *
 * Any thread. CORE_ASSERT checks where CORE_ASSERTS is defined: in unit tests,
 * sanitizer builds, fuzzers, and the extension as dev/test builds it (make
 * ASSERTS=1). Elsewhere the compiler sees each condition and generates nothing.
 * A condition has no effects of its own. CORE_NOTE keeps what conditions alone look at.
 *
 * A CoreThread is a member of what belongs to one thread. Its owner takes it at
 * the start, and the module checks it at its doors. Without CORE_ASSERTS it has
 * no size.
 */
#ifndef CQL_INVARIANT_H
#define CQL_INVARIANT_H

#include <stdbool.h>

/* Prints place and condition to stderr, and aborts. */
extern void core_assert_failed(const char *file, int line, const char *condition) __attribute__((noreturn, cold));

#ifdef CORE_ASSERTS

#include <pthread.h>

#define CORE_ASSERT(condition) \
	((condition) ? (void) 0 : core_assert_failed(__FILE__, __LINE__, #condition))
#define CORE_NOTE(assignment) ((void) (assignment))

typedef struct CoreThread
{
	pthread_t	id;
} CoreThread;

/* From here on the thing is the calling thread's. */
static inline void
core_thread_take(CoreThread *t)
{
	t->id = pthread_self();
}

static inline bool
core_thread_is_mine(const CoreThread *t)
{
	return pthread_equal(t->id, pthread_self());
}

#else

#define CORE_ASSERT(condition) ((void) (false && (condition)))
#define CORE_NOTE(assignment) ((void) (false && (assignment)))

typedef struct CoreThread
{
} CoreThread;

static inline void
core_thread_take(CoreThread *t)
{
	(void) t;
}

static inline bool
core_thread_is_mine(const CoreThread *t)
{
	(void) t;
	return true;
}

#endif							/* CORE_ASSERTS */

#endif							/* CQL_INVARIANT_H */

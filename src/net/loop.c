/*
 * net/loop.c
 *	  A loop of libuv that running out of memory does not end the process of.
 *
 * Thread: backend, before the submitter's runs; grow is any thread's.
 * Owns: the table of watched descriptors until the loop has taken it.
 * Invariants: a loop begins with a table for all descriptors that the process may open.
 *
 * All that libuv cannot allocate is an error, but for one: where its table of watched descriptors,
 * which is as long as the highest of them, cannot grow, it calls abort(). The table is also all that
 * libuv reallocates of what is used here. So it is allocated before the loop is, at its full length,
 * and growing finds it long enough. Memory that no descriptor stands for is never touched.
 */
#include "net/loop.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>

#define MOST_DESCRIPTORS 65536	/* where the process may open any number */

static _Thread_local void *table;	/* of the loop that is being opened */

static void *
grow(void *block, size_t size)
{
	if (!block)
	{
		block = table;
		table = NULL;
	}
	if (block && malloc_usable_size(block) >= size)
		return block;
	return realloc(block, size);
}

/* libuv rounds up to a power of two, and has two entries more. */
static size_t
table_size(void)
{
	struct rlimit limit;
	size_t		n = 64;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > MOST_DESCRIPTORS)
		limit.rlim_cur = MOST_DESCRIPTORS;
	while (n < limit.rlim_cur + 2)
		n *= 2;
	return n * sizeof(void *);
}

int
net_loop_init(uv_loop_t *loop)
{
	int			rc;

	rc = uv_replace_allocator(malloc, grow, calloc, free);
	if (rc != 0)
		return rc;
	table = malloc(table_size());
	if (!table)
		return UV_ENOMEM;
	rc = uv_loop_init(loop);
	free(table);				/* where the loop has failed before it took the table */
	table = NULL;
	return rc;
}

/*
 * net/loop.h
 *	  A loop of libuv that running out of memory does not end the process of.
 *
 * Thread: backend, before the submitter's runs.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <uv.h>

/* As uv_loop_init. */
extern int	net_loop_init(uv_loop_t *loop);

#endif							/* NET_LOOP_H */

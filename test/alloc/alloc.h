/*
 * alloc.h
 *	  The counter of allocations: what wrappers call.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include <stdbool.h>

/* Counts one of the calling thread; true: it is the one to fail. */
extern bool alloc_fails(void);

/* Blocks of malloc come and go. */
extern void alloc_taken(void);
extern void alloc_given(void);

#endif							/* ALLOC_H */

/*
 * fdw/check/changed.h
 *	  What no validator sees, as it takes more than one object to see it.
 *
 * Backend thread.
 */
#ifndef FDW_CHECK_CHANGED_H
#define FDW_CHECK_CHANGED_H

/*
 * Once, when the library is loaded: from then on WARNINGs tell, when a transaction
 * commits, what is wrong with the objects that it made or changed.
 */
extern void scyllaWatchChanges(void);

#endif							/* FDW_CHECK_CHANGED_H */

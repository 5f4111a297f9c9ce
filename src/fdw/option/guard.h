/*
 * fdw/option/guard.h
 *	  Who may set an option.
 *
 * Backend thread. Each is a ScyllaOptionDef's guard: it raises if the user may not.
 */
#ifndef FDW_OPTION_GUARD_H
#define FDW_OPTION_GUARD_H

#include "postgres.h"

#include "fdw/option/option_value.h"

extern void scyllaGuardPasswordRequired(const ScyllaOptionDef *def, const ScyllaOptionValue *value, int where);
extern void scyllaGuardFile(const ScyllaOptionDef *def, const ScyllaOptionValue *value, int where);

#endif							/* FDW_OPTION_GUARD_H */

/*
 * fdw/literal.h
 *	  CQL literals, and text columns that hold them.
 *
 * Backend thread. scyllaAppendLiteral is declared in fdw/typemap.h.
 */
#ifndef FDW_LITERAL_H
#define FDW_LITERAL_H

#include "fdw/typemap.h"

/* Sets encode and decode if c->basetype is a string type. */
extern bool scyllaChooseLiteral(ScyllaConverter *c);

#endif							/* FDW_LITERAL_H */

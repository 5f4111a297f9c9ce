/*
 * fdw/type/literal.h
 *	  CQL literals, and text columns that hold them.
 *
 * Backend thread. scyllaAppendLiteral is declared in fdw/type/typemap.h.
 */
#ifndef FDW_TYPE_LITERAL_H
#define FDW_TYPE_LITERAL_H

#include "fdw/type/typemap.h"

/* Sets encode and decode if c->basetype is a string type. */
extern bool scyllaChooseLiteral(ScyllaConverter *c);

#endif							/* FDW_TYPE_LITERAL_H */

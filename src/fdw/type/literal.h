/*
 * fdw/type/literal.h
 *	  CQL literals, and text columns that hold them.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_LITERAL_H
#define FDW_TYPE_LITERAL_H

#include "fdw/type/converter.h"

/* Sets encode and decode if c->basetype is a string type. */
extern bool scyllaChooseLiteral(ScyllaConverter *c);

/*
 * The value as a CQL literal ('it''s', 0xcafe, [1, 2], {a: 1}): for messages, and
 * for text columns over any CQL type.
 */
extern void scyllaAppendLiteral(StringInfo out, const CqlType *type, CqlBytes body);

#endif							/* FDW_TYPE_LITERAL_H */

/*
 * test/unit/cql/type_tree.h
 *	  What a type tree is, as text.
 */
#ifndef TEST_CQL_TYPE_TREE_H
#define TEST_CQL_TYPE_TREE_H

#include "hex.h"

#include "cql/type.h"

#define M "org.apache.cassandra.db.marshal."

static inline void
assert_format(const CqlType *type, const char *expected)
{
	CqlBuffer	b = {0};

	assert_non_null(type);
	cql_type_format(type, &b);
	assert_false(b.failed);
	assert_int_equal(b.len, strlen(expected));
	assert_string_equal((const char *) b.data, expected);
	cql_buffer_free(&b);
}

#endif							/* TEST_CQL_TYPE_TREE_H */

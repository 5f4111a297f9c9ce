/*
 * Types: the first byte picks wire option, class name or schema text. What is
 * accepted from schema text must come back as itself from its own format.
 */
#include <stdlib.h>

#include "cql/type_text.h"
#include "cql/type_wire.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static CqlType *
parse(uint8_t form, const uint8_t *data, size_t size, CqlArena *arena)
{
	CqlReader	r = cql_reader(data, size);

	switch (form % 3)
	{
		case 0:
			return cql_type_read(&r, arena);
		case 1:
			return cql_type_from_class((const char *) data, size, arena);
		default:
			return cql_type_from_schema((const char *) data, size, arena, NULL, NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CqlArena	arena = {0};
	CqlBuffer	text = {0};
	CqlType    *type = size > 0 ? parse(data[0], data + 1, size - 1, &arena) : NULL;

	if (type)
	{
		cql_type_format(type, &text);
		cql_type_fixed_size(type);
		if (!cql_type_equal(type, type))
			abort();
	}
	if (type && data[0] % 3 == 2)
	{
		CqlType    *again = cql_type_from_schema((const char *) text.data, text.len, &arena, NULL, NULL);

		if (!again || !cql_type_equal(type, again))
			abort();
	}
	cql_buffer_free(&text);
	cql_arena_free(&arena);
	return 0;
}

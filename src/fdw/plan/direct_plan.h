/*
 * fdw/plan/direct_plan.h
 *	  What the planner hands to the executor of a direct UPDATE or DELETE.
 *
 * Backend thread. ForeignScan.fdw_exprs has the conditions' values and then the
 * new ones, in the order of SCYLLA_DIRECT_SET.
 */
#ifndef FDW_PLAN_DIRECT_PLAN_H
#define FDW_PLAN_DIRECT_PLAN_H

/* ForeignScan.fdw_private: a list of these. */
enum ScyllaDirectPrivate
{
	SCYLLA_DIRECT_SELECT,		/* packed ScyllaSelect: how the rows would be found */
	SCYLLA_DIRECT_SET,			/* int list: attributes that an UPDATE sets */
	SCYLLA_DIRECT_FLAGS			/* int list: whether the command tag counts its rows; whether it is a table of counters */
};

#endif							/* FDW_PLAN_DIRECT_PLAN_H */

/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "restart_policy.h"

#include <criterion/criterion.h>

static struct vtpm_restart_policy policy;

static void
set_up (void)
{
  vtpm_restart_policy_init (&policy, 30, 1000);
}

TestSuite (restart_policy, .init = set_up);

static struct vtpm_restart_plan
die (int64_t now, bool from_within, uint64_t number, uint64_t sent)
{
  const struct vtpm_death death
      = { .now = now, .from_within = from_within, .number = number, .sent = sent };

  return vtpm_restart_policy_plan (&policy, &death);
}

Test (restart_policy, restarts_at_once)
{
  struct vtpm_restart_plan plan = die (2000, false, 0, 5);

  cr_expect_not (plan.give_up);
  cr_expect_eq (plan.delay, 0);
  cr_expect_eq (plan.refuse, 0);
}

Test (restart_policy, restarts_at_once_while_there_is_progress)
{
  for (unsigned int i = 1; i <= 20; i++)
    cr_expect_eq (die (2000 + i, false, i + 1, i).delay, 0, "death %u", i);
}

Test (restart_policy, waits_longer_and_longer_without_progress)
{
  static const unsigned int delays[] = { 0, 10, 20, 40, 80, 160, 320, 640, 1000, 1000 };

  for (size_t i = 0; i < sizeof (delays) / sizeof (delays[0]); i++)
    cr_expect_eq (die (2000, false, 0, 5).delay, delays[i], "death %zu", i);
  cr_expect_eq (die (2000, false, 0, 6).delay, 0, "there was progress");
  cr_expect_eq (die (2000, false, 0, 6).delay, 10);
  cr_expect_eq (die (12000, false, 0, 6).delay, 0, "it was well for ten seconds");
}

/* A crash in the same command twice is that command's fault.  */
Test (restart_policy, refuses_a_command_that_crashes_it_twice)
{
  cr_expect_eq (die (2000, true, 7, 6).refuse, 0);
  cr_expect_eq (die (2001, true, 7, 6).refuse, 7);
  cr_expect_eq (die (2002, true, 8, 7).refuse, 0, "another command");
  cr_expect_eq (die (2003, true, 9, 8).refuse, 0);
  cr_expect_eq (die (2004, true, 9, 8).refuse, 9);
}

Test (restart_policy, does_not_blame_a_command_for_what_others_do)
{
  for (unsigned int i = 1; i < VTPM_DEATHS_BY_OTHERS_MAX; i++)
    cr_expect_eq (die (2000 + i, false, 7, 6).refuse, 0, "death %u", i);
  cr_expect_eq (die (3000, false, 7, 6).refuse, 7, "the kernel's out-of-memory killer, perhaps");
}

Test (restart_policy, counts_crashes_among_kills)
{
  cr_expect_eq (die (2000, true, 7, 6).refuse, 0);
  cr_expect_eq (die (2001, false, 7, 6).refuse, 0);
  cr_expect_eq (die (2002, true, 7, 6).refuse, 7);
}

Test (restart_policy, has_nothing_to_refuse_without_a_command)
{
  for (int i = 0; i < 20; i++)
    cr_expect_eq (die (2000 + i, true, 0, 6).refuse, 0);
}

Test (restart_policy, gives_up_after_too_many_in_a_minute)
{
  for (unsigned int i = 0; i < 30; i++)
    cr_expect_not (die (1000, true, 0, i).give_up, "death %u", i);
  cr_expect (die (1000, true, 0, 31).give_up);
  cr_expect (die (2000, true, 0, 32).give_up, "a second earns half a restart");
  cr_expect_not (die (3000, true, 0, 33).give_up, "two earn one");
  cr_expect (die (3000, true, 0, 34).give_up);
  cr_expect_not (die (63000, true, 0, 35).give_up, "a minute earns them all");
}

Test (restart_policy, never_saves_more_than_a_minutes_worth)
{
  for (unsigned int i = 0; i < 30; i++)
    cr_expect_not (die (INT64_C (1) << 50, true, 0, i).give_up);
  cr_expect (die (INT64_C (1) << 50, true, 0, 31).give_up);
}

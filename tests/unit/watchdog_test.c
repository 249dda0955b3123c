/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "watchdog.h"

#include <criterion/criterion.h>

static struct vtpm_watchdog watchdog;
static int64_t next;

static enum vtpm_watchdog_verdict
look (int64_t now, int64_t cpu, uint64_t number, uint32_t allowance)
{
  const struct vtpm_watchdog_sample sample
      = { .now = now, .cpu = cpu, .number = number, .allowance = allowance };

  return vtpm_watchdog_look (&watchdog, &sample, &next);
}

static void
expect_look (enum vtpm_watchdog_verdict verdict, int64_t expected_next)
{
  cr_assert_eq (verdict, VTPM_WATCHDOG_LOOK);
  cr_expect_eq (next, expected_next, "next look in %jd", (intmax_t) next);
}

Test (watchdog, sleeps_while_there_is_no_work)
{
  cr_expect_eq (look (1000, 5, 0, 2000), VTPM_WATCHDOG_IDLE);
}

Test (watchdog, looks_as_often_as_commands_may_take)
{
  expect_look (look (1000, 5, 1, 2000), 2000);
  expect_look (look (3000, 6, 2, 300000), 300000);
  expect_look (look (4000, 6, 2, 300000), 299000);
  cr_expect_eq (look (5000, 7, 0, 0), VTPM_WATCHDOG_IDLE);
  expect_look (look (6000, 7, 2, 2000), 2000);
}

Test (watchdog, finds_an_emulator_that_is_stuck)
{
  expect_look (look (1000, 5, 1, 2000), 2000);
  expect_look (look (2999, 5, 1, 2000), 1);
  cr_expect_eq (look (3000, 5, 1, 2000), VTPM_WATCHDOG_HUNG);
}

Test (watchdog, finds_an_emulator_that_loops)
{
  expect_look (look (1000, 5, 1, 2000), 2000);
  cr_expect_eq (look (3001, 2005, 1, 2000), VTPM_WATCHDOG_HUNG);
}

/* Fifty emulators on two processors: it works, but is not let.  */
Test (watchdog, is_patient_on_an_overloaded_host)
{
  expect_look (look (1000, 5, 1, 2000), 2000);
  expect_look (look (3000, 105, 1, 2000), 1000);
  expect_look (look (4000, 155, 1, 2000), 1000);
  expect_look (look (5000, 205, 1, 2000), 1000);
  cr_expect_eq (look (60000, 2005, 1, 2000), VTPM_WATCHDOG_HUNG, "now it has had its time");
}

Test (watchdog, notices_one_that_gets_stuck_late)
{
  expect_look (look (1000, 5, 1, 2000), 2000);
  expect_look (look (3000, 105, 1, 2000), 1000);
  cr_expect_eq (look (4000, 105, 1, 2000), VTPM_WATCHDOG_HUNG);
}

Test (watchdog, believes_no_emulator_that_asks_for_ever)
{
  expect_look (look (1000, 5, 1, UINT32_MAX), VTPM_WATCHDOG_ALLOWANCE_MAX);
  cr_expect_eq (look (1000 + VTPM_WATCHDOG_ALLOWANCE_MAX, 5, 1, UINT32_MAX), VTPM_WATCHDOG_HUNG);
  expect_look (look (1000, 5, 2, 0), 1);
}

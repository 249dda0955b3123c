/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_fixture.h"

TestSuite (vtpmctl_prune, .init = make_host, .fini = remove_host, .timeout = 60);

static void
make_used (const char *name, time_t days_ago)
{
  make_instance (name, 7, "state");
  set_last_use (name, days_ago);
}

Test (vtpmctl_prune, removes_old_nameless_ones)
{
  make_used ("_container/old", 8);
  make_used ("_container/new", 6);
  make_used ("local/web", 1000);
  make_used ("tenant/web", 1000);
  run_success ("prune");
  cr_expect (!is_there ("instances/_container/old"));
  cr_expect (is_there ("instances/_container/new/state"));
  cr_expect (is_there ("instances/local/web/state"));
  cr_expect (is_there ("instances/tenant/web/state"));
  cr_expect_eq (strncmp (printed, "removed _container/old, last used 20", 35), 0, "%s", printed);
  expect_not_printed ("new");
  run_success ("prune");
  cr_expect_str_eq (printed, "");
}

Test (vtpmctl_prune, may_be_told_the_time)
{
  make_used ("_container/old", 8);
  make_used ("_container/new", 6);
  run_success ("prune --older-than 9");
  cr_expect (is_there ("instances/_container/old"));
  run_success ("prune --older-than 0");
  cr_expect (!is_there ("instances/_container"));
}

Test (vtpmctl_prune, may_only_say_what_it_would_do)
{
  make_used ("_container/old", 8);
  run_success ("prune --dry-run");
  expect_printed ("would remove _container/old, last used ");
  cr_expect (is_there ("instances/_container/old/state"));
}

Test (vtpmctl_prune, leaves_what_is_in_use)
{
  _cleanup_store_ struct vtpm_store *store = NULL;

  make_used ("_container/old", 8);
  store = open_instance ("_container/old", 7);
  set_last_use ("_container/old", 8);
  run_success ("prune");
  cr_expect_str_eq (printed, "");
  cr_expect (is_there ("instances/_container/old/state"));
}

/* Somebody may want to look at it.  */
Test (vtpmctl_prune, leaves_what_is_damaged)
{
  make_used ("_container/old", 8);
  write_temp_file ("instances/_container/old/state", "nonsense", 8);
  run_success ("prune");
  cr_expect_str_eq (printed, "");
  cr_expect (is_there ("instances/_container/old/state"));
}

/* Left by a container whose first start was cut short.  */
Test (vtpmctl_prune, removes_what_is_empty)
{
  cr_assert_eq (mkdir (temp_path ("instances/_container"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/_container/old"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/_container/unlocked"), 0700), 0);
  write_temp_file ("instances/_container/old/lock", "", 0);
  set_last_use ("_container/old", 8);
  run_success ("prune");
  cr_expect (!is_there ("instances/_container/old"));
  cr_expect (is_there ("instances/_container/unlocked"));
}

Test (vtpmctl_prune, has_nothing_to_do_on_a_new_host)
{
  cr_assert_eq (rmdir (temp_path ("instances")), 0);
  run_success ("prune");
  cr_expect_str_eq (printed, "");
}

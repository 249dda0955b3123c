/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_fixture.h"

TestSuite (vtpmctl_rm, .init = make_host, .fini = remove_host, .timeout = 60);

Test (vtpmctl_rm, removes)
{
  make_instance ("web", 7, "state");
  make_instance ("tenant/web", 7, "state");
  make_instance ("_container/4f3c", 7, "state");
  run_success ("rm web");
  cr_expect (!is_there ("instances/local"));
  cr_expect (is_there ("instances/tenant/web/state"));
  run_success ("rm tenant/web _container/4f3c");
  cr_expect (!is_there ("instances/tenant"));
  cr_expect (!is_there ("instances/_container"));
}

Test (vtpmctl_rm, removes_what_is_damaged)
{
  make_instance ("web", 7, "state");
  write_temp_file ("instances/local/web/state", "nonsense", 8);
  run_success ("rm web");
  cr_expect (!is_there ("instances/local/web"));
}

Test (vtpmctl_rm, removes_nothing_in_use)
{
  _cleanup_store_ struct vtpm_store *store = NULL;

  make_instance ("web", 7, "state");
  make_instance ("db", 7, "state");
  store = open_instance ("web", 7);
  run_error ("rm web", EBUSY, "instance local/web is in use by container 4f3c");
  run_error ("rm web db", EBUSY, "1 of 2 instances are not removed");
  cr_expect (is_there ("instances/local/web/state"));
  cr_expect (!is_there ("instances/local/db"));
}

Test (vtpmctl_rm, removes_nothing_else)
{
  make_instance ("web", 7, "state");
  run_error ("rm db", ENOENT, "there is no instance local/db");
  run_error ("rm web ../local/web", EINVAL, "instance scope \"..\" is not");
  run_error ("rm web local/", EINVAL, "instance name \"\" is not");
  cr_expect (is_there ("instances/local/web/state"));
  run_error ("rm web local", EBUSY, "1 of 2 instances are not removed");
  cr_expect (!is_there ("instances/local/web"));
}

Test (vtpmctl_rm, follows_no_link)
{
  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("other"), 0700), 0);
  write_temp_file ("other/state", "", 0);
  cr_assert_eq (symlink ("../../other", temp_path ("instances/local/web")), 0);
  cr_expect_eq (run ("rm web", NULL), -1);
  cr_expect (is_there ("other/state"));
}

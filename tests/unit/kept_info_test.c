/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "kept_info.h"

#include "vtpmctl_fixture.h"

TestSuite (kept_info, .init = make_host, .fini = remove_host, .timeout = 60);

/* All that there is, beside one vTPM that runs on RUNNING.  */
static json_object *
describe (const char *running)
{
  _cleanup_store_list_ struct vtpm_store_list list = { 0 };
  json_object *descriptions = json_object_new_array ();
  json_object *vtpm = json_object_new_object ();

  json_object_object_add (vtpm, "containerId", json_object_new_string ("c1"));
  json_object_object_add (vtpm, "state", json_object_new_string ("serving"));
  if (running != NULL)
    json_object_object_add (vtpm, "instance", json_object_new_string (running));
  json_object_array_add (descriptions, vtpm);
  assert_success (vtpm_kept_info_list (temp_dir, &list, &error));
  assert_success (vtpm_kept_info_merge (descriptions, &list, &error));
  return descriptions;
}

static void
expect (json_object *descriptions, size_t index, const char *key, const char *wanted)
{
  json_object *description = json_object_array_get_idx (descriptions, index);
  json_object *value = json_object_object_get (description, key);

  cr_assert_eq (value == NULL, wanted == NULL, "%zu: %s", index, key);
  if (value != NULL)
    cr_expect_str_eq (json_object_get_string (value), wanted, "%zu: %s", index, key);
}

Test (kept_info, lists_nothing_where_nothing_is)
{
  _cleanup_json_ json_object *descriptions = describe (NULL);
  struct vtpm_store_list list = { .count = 1 };

  cr_expect_eq (json_object_array_length (descriptions), 1);
  assert_success (vtpm_kept_info_list (temp_path ("no"), &list, &error));
  cr_expect_eq (list.count, 0);
}

Test (kept_info, describes_stopped_instances)
{
  _cleanup_json_ json_object *descriptions = NULL;

  make_instance ("web", 7, "state");
  make_instance ("tenant/db", 7, "state");
  set_last_use ("local/web", 1);
  descriptions = describe (NULL);
  cr_assert_eq (json_object_array_length (descriptions), 3);
  expect (descriptions, 1, "instance", "local/web");
  expect (descriptions, 1, "state", "stopped");
  expect (descriptions, 1, "tpmVersion", "2.0");
  expect (descriptions, 1, "generation", "1");
  expect (descriptions, 1, "fault", NULL);
  expect (descriptions, 1, "containerId", NULL);
  expect (descriptions, 2, "instance", "tenant/db");
  cr_expect_eq (json_object_get_string_len (json_object_object_get (
                    json_object_array_get_idx (descriptions, 1), "uuid")),
                36);
  cr_expect_lt (json_object_get_int64 (json_object_object_get (
                    json_object_array_get_idx (descriptions, 1), "lastUsed")),
                time (NULL) - 80000);
  cr_expect_gt (json_object_get_int64 (json_object_object_get (
                    json_object_array_get_idx (descriptions, 1), "size")),
                100);
}

/* What runs is there once, as what runs.  */
Test (kept_info, completes_running_vtpms)
{
  _cleanup_json_ json_object *descriptions = NULL;

  make_instance ("web", 7, "state");
  descriptions = describe ("local/web");
  cr_assert_eq (json_object_array_length (descriptions), 1);
  expect (descriptions, 0, "state", "serving");
  expect (descriptions, 0, "generation", "1");
  expect (descriptions, 0, "containerId", "c1");
}

Test (kept_info, tells_what_is_damaged)
{
  _cleanup_json_ json_object *descriptions = NULL;

  make_instance ("web", 7, "state");
  write_temp_file ("instances/local/web/state", "nonsense, and rather much of it", 31);
  descriptions = describe (NULL);
  cr_assert_eq (json_object_array_length (descriptions), 2);
  expect (descriptions, 1, "state", "damaged");
  cr_expect_not_null (json_object_object_get (json_object_array_get_idx (descriptions, 1),
                                              "fault"));
  expect (descriptions, 1, "generation", NULL);
  expect (descriptions, 1, "tpmVersion", "2.0");
}

Test (kept_info, tells_what_is_empty)
{
  _cleanup_json_ json_object *descriptions = NULL;

  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  write_temp_file ("instances/local/web/lock", "", 0);
  descriptions = describe (NULL);
  cr_assert_eq (json_object_array_length (descriptions), 2);
  expect (descriptions, 1, "state", "empty");
  expect (descriptions, 1, "fault", NULL);
  expect (descriptions, 1, "uuid", NULL);
}

Test (kept_info, tells_what_is_busy)
{
  _cleanup_json_ json_object *descriptions = NULL;
  _cleanup_store_ struct vtpm_store *store = NULL;

  store = open_instance ("web", 7);
  descriptions = describe ("local/other");
  cr_assert_eq (json_object_array_length (descriptions), 2);
  expect (descriptions, 1, "state", "busy");
  expect (descriptions, 1, "holder", "container 4f3c");
  expect (descriptions, 1, "fault", NULL);
}

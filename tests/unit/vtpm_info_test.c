/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpm_info.h"

#include <signal.h>
#include <sys/stat.h>

#include "brief_supervisor.h"
#include "temp_dir.h"

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_temp_dir ();
}

TestSuite (vtpm_info, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

static void
make_dirs (const char *const *names, size_t count)
{
  for (size_t i = 0; i < count; i++)
    cr_assert_eq (mkdir (temp_path (names[i]), 0700), 0);
}

static const char *const some[]
    = { "beta", "alpha", "~alpha2", "alphabet", ".hidden", "beta-2", "0" };

#define SOME (sizeof (some) / sizeof (some[0]))

Test (vtpm_info, lists_ids_in_order)
{
  static const char *const expected[] = { "0", "alpha", "alphabet", "beta", "beta-2" };
  struct vtpm_info_list list;

  make_dirs (some, SOME);
  assert_success (vtpm_info_list_ids (temp_dir, &list, &error));
  cr_assert_eq (list.count, 5);
  for (size_t i = 0; i < 5; i++)
    cr_expect_str_eq (list.ids[i], expected[i]);
  vtpm_info_list_clear (&list);
  cr_expect_eq (list.count, 0);
  vtpm_info_list_clear (&list);
}

Test (vtpm_info, lists_nothing_where_nothing_is)
{
  struct vtpm_info_list list = { .count = 7 };

  assert_success (vtpm_info_list_ids (temp_dir, &list, &error));
  cr_expect_eq (list.count, 0);
  list.count = 7;
  assert_success (vtpm_info_list_ids ("/nonexistent", &list, &error));
  cr_expect_eq (list.count, 0);
}

Test (vtpm_info, needs_a_directory)
{
  struct vtpm_info_list list;

  write_temp_file ("file", "", 0);
  expect_error (vtpm_info_list_ids (temp_path ("file"), &list, &error), ENOTDIR, "cannot open");
}

Test (vtpm_info, finds_by_prefix)
{
  static const struct
  {
    const char *prefix;
    const char *id;
  } cases[] = {
    { "alpha", "alpha" }, { "alphab", "alphabet" }, { "alphabet", "alphabet" },
    { "beta", "beta" },   { "beta-", "beta-2" },    { "0", "0" },
  };

  make_dirs (some, SOME);
  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      _cleanup_free_ char *id = NULL;

      assert_success (vtpm_info_find (temp_dir, cases[i].prefix, &id, &error));
      cr_expect_str_eq (id, cases[i].id);
    }
}

Test (vtpm_info, finds_no_more_than_one)
{
  char *id = NULL;

  make_dirs (some, SOME);
  expect_error (vtpm_info_find (temp_dir, "alp", &id, &error), 0,
                "\"alp\" is the beginning of more than one id: alpha, alphabet");
  expect_error (vtpm_info_find (temp_dir, "b", &id, &error), 0,
                "\"b\" is the beginning of more than one id: beta, beta-2");
  cr_expect_null (id);
}

Test (vtpm_info, finds_no_others)
{
  static const char *const prefixes[]
      = { "", "alphabeth", "lpha", "Alpha", "~alpha", ".hidden", ".", "..", "/", "alpha/", "*" };
  char *id = NULL;

  make_dirs (some, SOME);
  for (size_t i = 0; i < sizeof (prefixes) / sizeof (prefixes[0]); i++)
    expect_error (vtpm_info_find (temp_dir, prefixes[i], &id, &error), ENOENT,
                  "no vTPM of a container \"");
  expect_error (vtpm_info_find (temp_dir, "\x1b[0m", &id, &error), ENOENT, "\"?[0m\"");
  expect_error (vtpm_info_find ("/nonexistent", "a", &id, &error), ENOENT, "no vTPM");
  cr_expect_null (id);
}

static const char *
string_in (json_object *info, const char *key)
{
  json_object *value = json_object_object_get (info, key);

  cr_assert_not_null (value, "%s", key);
  return json_object_get_string (value);
}

static void
expect_info (const char *state, int supervisor_pid)
{
  _cleanup_json_ json_object *info = NULL;

  assert_success (vtpm_info_get (temp_dir, "id", &info, &error));
  cr_expect_str_eq (string_in (info, "containerId"), "id");
  cr_expect_str_eq (string_in (info, "state"), state);
  cr_expect_eq (json_object_get_int (json_object_object_get (info, "supervisorPid")),
                supervisor_pid);
}

/* A killed supervisor leaves its directory: without a record, without a
   socket, with both.  */
Test (vtpm_info, shows_a_dead_one)
{
  static const char record[]
      = "{\"containerId\":\"id\",\"driver\":\"vtpmx\",\"state\":\"serving\",\"supervisorPid\":5}";
  _cleanup_json_ json_object *info = NULL;
  int dir_fd, listen_fd;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  expect_info ("dead", 0);
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  close (listen_fd);
  expect_info ("dead", 0);
  assert_success (vtpm_rundir_write_record (dir_fd, record, sizeof (record) - 1, &error));
  expect_info ("dead", 0);
  assert_success (vtpm_info_get (temp_dir, "id", &info, &error));
  cr_expect_str_eq (string_in (info, "driver"), "vtpmx");
}

static void
start_supervisor (const char *status)
{
  start_brief_supervisor (temp_dir, "id", VTPM_CONTROL_STATUS, VTPM_CONTROL_STATUS_IS, status);
}

Test (vtpm_info, shows_a_live_one)
{
  _cleanup_json_ json_object *info = NULL;

  start_supervisor (
      "{\"state\":\"stopping\",\"containerPid\":1,\"supervisorPid\":2,\"emulatorPid\":3}");
  assert_success (vtpm_info_get (temp_dir, "id", &info, &error));
  cr_expect_str_eq (string_in (info, "state"), "stopping");
  cr_expect_str_eq (string_in (info, "containerPid"), "1");
  cr_expect_str_eq (string_in (info, "supervisorPid"), "2");
  cr_expect_str_eq (string_in (info, "emulatorPid"), "3");
  cr_expect_str_eq (string_in (info, "emulatorRestarts"), "0");
  cr_expect_null (json_object_object_get (info, "instance"));
}

Test (vtpm_info, shows_the_instance)
{
  _cleanup_json_ json_object *info = NULL;

  start_supervisor ("{\"state\":\"restarting\",\"containerPid\":1,\"supervisorPid\":2,"
                    "\"emulatorPid\":0,\"emulatorRestarts\":4,\"instance\":\"local/web\"}");
  assert_success (vtpm_info_get (temp_dir, "id", &info, &error));
  cr_expect_str_eq (string_in (info, "state"), "restarting");
  cr_expect_str_eq (string_in (info, "emulatorRestarts"), "4");
  cr_expect_str_eq (string_in (info, "instance"), "local/web");
}

/* Its directory goes between our two looks.  */
Test (vtpm_info, leaves_out_what_has_ended)
{
  static char *ids[] = { (char *) "gone", (char *) "id" };
  const struct vtpm_info_list list = { 2, ids };
  _cleanup_json_ json_object *array = json_object_new_array ();

  make_dirs ((const char *const[]){ "id" }, 1);
  assert_success (vtpm_info_get_all (temp_dir, &list, array, &error));
  cr_assert_eq (json_object_array_length (array), 1);
  cr_expect_str_eq (string_in (json_object_array_get_idx (array, 0), "containerId"), "id");
  write_temp_file ("id/vtpm.json", "[]", 2);
  expect_error (vtpm_info_get_all (temp_dir, &list, array, &error), EINVAL, "not a JSON object");
}

/* Half an answer is none.  */
Test (vtpm_info, believes_no_nonsense)
{
  start_supervisor ("{\"state\":\"serving\",\"containerPid\":1,\"supervisorPid\":2}");
  expect_info ("dead", 0);
}

Test (vtpm_info, refuses_bad_records)
{
  static const struct
  {
    const char *record;
    int errnum;
    const char *message;
  } cases[] = {
    { "", EINVAL, "vtpm.json is empty" },
    { "[]", EINVAL, "vtpm.json: not a JSON object" },
    { "{\"a\":", EINVAL, "vtpm.json: line 1" },
  };

  make_dirs ((const char *const[]){ "id" }, 1);
  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      json_object *info = NULL;

      write_temp_file ("id/vtpm.json", cases[i].record, strlen (cases[i].record));
      expect_error (vtpm_info_get (temp_dir, "id", &info, &error), cases[i].errnum,
                    cases[i].message);
      cr_expect_null (info);
    }
  cr_assert_eq (truncate (temp_path ("id/vtpm.json"), (64 << 10) + 1), 0);
  {
    json_object *info = NULL;

    expect_error (vtpm_info_get (temp_dir, "id", &info, &error), EFBIG, "vtpm.json is larger than");
  }
}

/* What is there belongs to an unprivileged user, and we are root.  */
Test (vtpm_info, follows_no_symbolic_link_and_waits_for_no_pipe)
{
  json_object *info = NULL;

  make_dirs ((const char *const[]){ "id", "target" }, 2);
  write_temp_file ("target/vtpm.json", "{}", 2);
  cr_assert_eq (symlink ("../target/vtpm.json", temp_path ("id/vtpm.json")), 0);
  expect_error (vtpm_info_get (temp_dir, "id", &info, &error), ELOOP, "/id/vtpm.json");
  cr_assert_eq (unlink (temp_path ("id/vtpm.json")), 0);
  cr_assert_eq (mkfifo (temp_path ("id/vtpm.json"), 0600), 0);
  expect_error (vtpm_info_get (temp_dir, "id", &info, &error), EINVAL, "vtpm.json is empty");
  cr_assert_eq (symlink ("target", temp_path ("link")), 0);
  expect_error (vtpm_info_get (temp_dir, "link", &info, &error), ENOTDIR, "/link");
  expect_error (vtpm_info_get (temp_dir, "none", &info, &error), ENOENT, "/none");
  cr_expect_null (info);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store_fixture.h"

TestSuite (store, .init = make_state_dir, .fini = remove_temp_dir, .timeout = 60);

static const struct vtpm_instance_id db = { "local", "db" };

Test (store, keeps_what_was_committed)
{
  static const char *const texts[] = { "first", "second", "third" };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      struct vtpm_store *store = open_web ();

      cr_expect_eq (vtpm_store_header (store)->generation, i);
      assert_success (commit_text (store, texts[i], &error));
      cr_expect_eq (vtpm_store_header (store)->generation, i + 1);
      vtpm_store_close (store);
      expect_web_holds (texts[i]);
    }
}

Test (store, keeps_the_last_of_many_commits)
{
  struct vtpm_store *store = open_web ();
  char text[16];

  for (int i = 1; i <= 50; i++)
    {
      snprintf (text, sizeof (text), "commit %d", i);
      assert_success (commit_text (store, text, &error));
    }
  vtpm_store_close (store);
  expect_web_holds ("commit 50");
}

Test (store, is_private)
{
  static const char *const files[] = { "state", "state.previous", "meta.json", "lock" };
  char path[64];
  struct stat status;

  umask (0);
  make_generation (&web, "first");
  make_generation (&web, "second");
  cr_assert_eq (lstat (temp_path ("instances/local"), &status), 0);
  cr_expect_eq (status.st_mode, S_IFDIR | 0700);
  cr_assert_eq (lstat (temp_path ("instances/local/web"), &status), 0);
  cr_expect_eq (status.st_mode, S_IFDIR | 0700);
  for (size_t i = 0; i < sizeof (files) / sizeof (files[0]); i++)
    {
      snprintf (path, sizeof (path), WEB "%s", files[i]);
      cr_assert_eq (lstat (temp_path (path), &status), 0, "%s", path);
      cr_expect_eq (status.st_mode, S_IFREG | 0600, "%s", path);
    }
  cr_expect_not (exists (WEB "state.new"));
  cr_expect_not (exists (WEB "state.previous.new"));
  cr_expect_not (exists (WEB "meta.json.new"));
}

Test (store, leaves_nothing_of_an_empty_one)
{
  struct vtpm_store *store = open_web ();
  const uint8_t *permanent = (const uint8_t *) "";
  size_t size = 1;

  vtpm_store_get_permanent (store, &permanent, &size);
  cr_expect_null (permanent);
  cr_expect_eq (size, 0);
  cr_expect (exists (WEB "lock"));
  vtpm_store_close (store);
  cr_expect_not (exists ("instances/local"));
  cr_expect (exists ("instances"));
}

Test (store, leaves_other_instances_alone)
{
  make_generation (&db, "database");
  vtpm_store_close (open_web ());
  cr_expect_not (exists ("instances/local/web"));
  cr_expect (exists ("instances/local/db/state"));
}

Test (store, removes_what_a_start_left_that_was_cut_short)
{
  vtpm_store_close (open_web ());
  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  write_temp_file (WEB "lock", "container 1\n", 12);
  write_temp_file (WEB "state.new", "half", 4);
  vtpm_store_close (open_web ());
  cr_expect_not (exists ("instances/local"));
}

Test (store, removes_no_file_that_it_does_not_know)
{
  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  write_temp_file (WEB "precious", "x", 1);
  vtpm_store_close (open_web ());
  cr_expect (exists (WEB "precious"));
}

Test (store, is_made_only_if_asked)
{
  struct vtpm_store_settings settings = web_settings ();

  settings.create = false;
  expect_error (try_open (settings, &error), ENOENT, "there is no instance local/web");
  cr_expect_not (exists ("instances/local"));
  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
  expect_error (try_open (settings, &error), ENOENT, "there is no instance local/web");
  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  expect_error (try_open (settings, &error), ENOENT, "there is no instance local/web");
  make_generation (&web, "first");
  assert_success (try_open (settings, &error));
}

Test (store, has_the_uuid_that_it_was_made_with)
{
  static const uint8_t uuid[VTPM_UUID_SIZE] = { 1, 2, 3 }, other[VTPM_UUID_SIZE] = { 4 };
  struct vtpm_store_settings settings = web_settings ();
  struct vtpm_store *store;

  settings.uuid = uuid;
  store = open_with (settings);
  cr_expect_arr_eq (vtpm_store_header (store)->uuid, uuid, VTPM_UUID_SIZE);
  assert_success (vtpm_store_expect_version (store, VTPM_TPM_2_0, &error));
  assert_success (vtpm_store_commit (store, (const uint8_t *) "state", 5, &error));
  vtpm_store_close (store);
  settings.uuid = other;
  store = open_with (settings);
  cr_expect_arr_eq (vtpm_store_header (store)->uuid, uuid, VTPM_UUID_SIZE);
  vtpm_store_close (store);
}

Test (store, is_consumed_once)
{
  struct vtpm_store *store = open_with (web_settings ());
  struct vtpm_store_settings settings = web_settings ();
  const uint8_t *permanent;
  size_t size;

  assert_success (vtpm_store_expect_version (store, VTPM_TPM_2_0, &error));
  assert_success (vtpm_store_commit (store, (const uint8_t *) "state", 5, &error));
  vtpm_store_close (store);
  settings.create = false;
  store = open_with (settings);
  assert_success (vtpm_store_consume (store, &error));
  vtpm_store_get_permanent (store, &permanent, &size);
  cr_expect_eq (size, 5);
  cr_expect_arr_eq (permanent, "state", 5);
  expect_error (try_open (settings, &error), ENOENT, "there is no instance local/web");
  vtpm_store_close (store);
  expect_error (try_open (settings, &error), ENOENT, "there is no instance local/web");
}

Test (store, wants_its_directory)
{
  struct vtpm_store_settings settings = web_settings ();

  cr_assert_eq (rmdir (temp_path ("instances")), 0);
  expect_error (try_open (settings, &error), ENOENT, "/instances: ");
  settings.state_dir = "/nonexistent";
  expect_error (try_open (settings, &error), ENOENT, "cannot open /nonexistent");
}

Test (store, tells_instances_apart)
{
  static const struct vtpm_instance_id other_scope = { "prod", "web" };
  static const struct vtpm_instance_id container = { VTPM_SCOPE_CONTAINER, "web" };

  make_generation (&web, "web");
  make_generation (&db, "db");
  make_generation (&other_scope, "prod");
  make_generation (&container, "container");
  expect_web_holds ("web");
}

Test (store, has_room_for_the_longest_id)
{
  struct vtpm_instance_id id = { VTPM_SCOPE_CONTAINER, "" };
  struct vtpm_store_settings settings = web_settings ();
  _cleanup_store_ struct vtpm_store *store = NULL;

  memset (id.name, 'x', VTPM_INSTANCE_NAME_MAX);
  make_generation (&id, "first");
  settings.id = &id;
  store = open_with (settings);
  cr_expect (holds (store, "first"));
  vtpm_store_close (vtpm_steal_pointer (&store));
  assert_success (vtpm_store_remove (temp_dir, &id, &error));
  cr_expect_not (exists ("instances/_container"));
}

Test (store, forgets_what_was_read)
{
  _cleanup_store_ struct vtpm_store *store = NULL;
  const uint8_t *permanent;
  size_t size;

  make_generation (&web, "first");
  store = open_web ();
  vtpm_store_forget_permanent (store);
  vtpm_store_get_permanent (store, &permanent, &size);
  cr_expect_null (permanent);
  cr_expect_eq (size, 0);
  vtpm_store_forget_permanent (store);
  assert_success (vtpm_store_expect_version (store, VTPM_TPM_2_0, &error));
  assert_success (commit_text (store, "second", &error));
}

Test (store, holds_one_version_of_tpm)
{
  struct vtpm_store *store = open_web ();

  assert_success (vtpm_store_expect_version (store, VTPM_TPM_1_2, &error));
  assert_success (commit_text (store, "first", &error));
  expect_error (vtpm_store_expect_version (store, VTPM_TPM_2_0, &error), VTPM_STATE_WRONG_VERSION,
                "instance local/web has a TPM 1.2, not 2.0");
  vtpm_store_close (store);
  store = open_web ();
  cr_expect_eq (vtpm_store_version (store), VTPM_TPM_1_2);
  assert_success (vtpm_store_expect_version (store, VTPM_TPM_1_2, &error));
  expect_error (vtpm_store_expect_version (store, VTPM_TPM_2_0, &error), VTPM_STATE_WRONG_VERSION,
                "instance local/web has a TPM 1.2, not 2.0");
  vtpm_store_close (store);
}

Test (store, closes_nothing)
{
  vtpm_store_close (NULL);
}

/* Each instance has its own random uuid, and keeps it.  */
Test (store, has_a_uuid)
{
  uint8_t uuid[VTPM_UUID_SIZE];
  struct vtpm_store *store = open_web ();

  memcpy (uuid, vtpm_store_header (store)->uuid, sizeof (uuid));
  cr_expect_eq (uuid[6] >> 4, 4);
  cr_expect_eq (uuid[8] >> 6, 2);
  assert_success (commit_text (store, "first", &error));
  vtpm_store_close (store);
  store = open_web ();
  cr_expect_arr_eq (vtpm_store_header (store)->uuid, uuid, sizeof (uuid));
  vtpm_store_close (store);
  assert_success (vtpm_store_remove (temp_dir, &web, &error));
  store = open_web ();
  cr_expect_arr_neq (vtpm_store_header (store)->uuid, uuid, sizeof (uuid));
  vtpm_store_close (store);
}

/* Keys.  */

static struct vtpm_store_settings
settings_with_keys (const struct vtpm_host_keys *keys)
{
  struct vtpm_store_settings settings = web_settings ();

  settings.keys = keys;
  return settings;
}

Test (store, opens_under_its_own_host_key)
{
  static const struct vtpm_host_keys other = { .count = 1, .key = { "another key" } };
  struct content before, after;

  make_generation (&web, "first");
  before = read_temp_file (WEB "state");
  expect_error (try_open (settings_with_keys (&other), &error), VTPM_STATE_WRONG_KEY,
                WEB "state: is encrypted under host key ");
  after = read_temp_file (WEB "state");
  cr_expect (memcmp (&before, &after, sizeof (before)) == 0);
  expect_web_holds ("first");
}

Test (store, changes_to_a_new_host_key)
{
  static const struct vtpm_host_keys both = { .count = 2, .key = { "new key", "the host's key" } };
  static const struct vtpm_host_keys new = { .count = 1, .key = { "new key" } };
  struct vtpm_store *store;

  make_generation (&web, "old");
  store = open_with (settings_with_keys (&both));
  cr_expect (holds (store, "old"));
  vtpm_store_close (store);
  expect_error (try_open (settings_with_keys (&new), &error), VTPM_STATE_WRONG_KEY, "state: ");
  store = open_with (settings_with_keys (&both));
  assert_success (commit_text (store, "new", &error));
  vtpm_store_close (store);
  store = open_with (settings_with_keys (&new));
  cr_expect (holds (store, "new"));
  vtpm_store_close (store);
  store = open_with (settings_with_keys (&both));
  cr_expect (holds (store, "new"));
  vtpm_store_close (store);
  expect_error (try_open_web (&error), VTPM_STATE_WRONG_KEY, "state: ");
}

/* meta.json.  */

Test (store, notes_the_generation_of_each_start)
{
  struct vtpm_store *store = open_web ();
  struct content before, after;

  assert_success (commit_text (store, "1", &error));
  assert_success (commit_text (store, "2", &error));
  assert_success (commit_text (store, "3", &error));
  vtpm_store_close (store);
  before = read_temp_file (WEB "meta.json");
  cr_expect_not_null (strstr ((const char *) before.bytes, "\"generation\": 1\n"));
  vtpm_store_close (open_web ());
  after = read_temp_file (WEB "meta.json");
  cr_expect (memcmp (&before, &after, sizeof (before)) == 0, "reading changes nothing");
  store = open_web ();
  assert_success (commit_text (store, "4", &error));
  assert_success (commit_text (store, "5", &error));
  vtpm_store_close (store);
  after = read_temp_file (WEB "meta.json");
  cr_expect_not_null (strstr ((const char *) after.bytes, "\"generation\": 3\n"));
  cr_expect (memcmp (before.bytes, after.bytes, before.size - sizeof ("1\n}")) == 0,
             "more than the generation has changed");
}

/* The first start was cut short after the state was there.  */
Test (store, makes_a_missing_meta_json_with_the_next_commit)
{
  make_generation (&web, "first");
  cr_assert_eq (unlink (temp_path (WEB "meta.json")), 0);
  expect_web_holds ("first");
  cr_expect_not (exists (WEB "meta.json"));
  make_generation (&web, "second");
  cr_expect (exists (WEB "meta.json"));
  expect_web_holds ("second");
}

/* Somebody may have put them there; nothing of ours leads out of the state
   directory.  */
Test (store, follows_no_symbolic_link)
{
  make_generation (&db, "db");
  cr_assert_eq (symlink ("db", temp_path ("instances/local/web")), 0);
  expect_error (try_open_web (&error), ENOTDIR, "/instances/local/web: ");
  cr_assert_eq (unlink (temp_path ("instances/local/web")), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  cr_assert_eq (symlink ("../../../target", temp_path (WEB "lock")), 0);
  expect_error (try_open_web (&error), ELOOP, "cannot lock ");
  cr_expect_not (exists ("target"));
  cr_assert_eq (rename (temp_path ("instances/local"), temp_path ("other")), 0);
  cr_assert_eq (symlink ("../other", temp_path ("instances/local")), 0);
  expect_error (try_open_web (&error), ENOTDIR, "/instances/local/web: ");
  cr_assert_eq (rename (temp_path ("instances"), temp_path ("others")), 0);
  cr_assert_eq (symlink ("others", temp_path ("instances")), 0);
  expect_error (try_open_web (&error), ENOTDIR, "/instances: ");
}

Test (store, wants_directories)
{
  write_temp_file ("instances/local", "", 0);
  expect_error (try_open_web (&error), ENOTDIR, "/instances/local/web: ");
  cr_assert_eq (unlink (temp_path ("instances/local")), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
  write_temp_file ("instances/local/web", "", 0);
  expect_error (try_open_web (&error), ENOTDIR, "/instances/local/web: ");
}

/* The lock.  */

Test (store, is_used_by_one_at_a_time)
{
  struct vtpm_store_settings settings = web_settings ();
  _cleanup_store_ struct vtpm_store *store = open_web ();

  settings.holder = "container 456";
  expect_error (try_open (settings, &error), EBUSY,
                "instance local/web is in use by container 123");
  expect_error (try_open (settings, &error), EBUSY,
                "instance local/web is in use by container 123");
  assert_success (commit_text (store, "first", &error));
  expect_error (try_open (settings, &error), EBUSY,
                "instance local/web is in use by container 123");
}

static pid_t
start_holder (void)
{
  int ready[2];
  char byte;
  pid_t pid;

  cr_assert_eq (pipe (ready), 0);
  pid = fork_child ();
  if (pid == 0)
    {
      struct vtpm_store_settings settings = web_settings ();
      struct vtpm_store *store = NULL;

      settings.holder = "container 789";
      if (vtpm_store_open (&settings, &store, NULL) < 0 || write (ready[1], "x", 1) != 1)
        _exit (1);
      pause ();
    }
  close (ready[1]);
  cr_assert_eq (read (ready[0], &byte, 1), 1);
  close (ready[0]);
  return pid;
}

Test (store, is_free_when_its_owner_is_dead)
{
  pid_t pid;

  make_generation (&web, "first");
  pid = start_holder ();
  expect_error (try_open_web (&error), EBUSY, "instance local/web is in use by container 789");
  cr_assert_eq (kill (pid, SIGKILL), 0);
  cr_assert_eq (waitpid (pid, NULL, 0), pid);
  expect_web_holds ("first");
}

/* A line of somebody else's making must not garble a log.  */
Test (store, quotes_the_holder)
{
  _cleanup_store_ struct vtpm_store *store = open_web ();

  cr_assert_not_null (store);
  write_temp_file (WEB "lock", "evil\x1b[31m\nline", 14);
  expect_error (try_open_web (&error), EBUSY, "instance local/web is in use by evil?[31m");
  write_temp_file (WEB "lock", "", 0);
  expect_error (try_open_web (&error), EBUSY, "instance local/web is in use by another process");
}

Test (store, notes_its_last_use)
{
  static const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
  struct vtpm_store *store = open_web ();
  struct stat status;

  assert_success (commit_text (store, "first", &error));
  cr_assert_eq (utimensat (AT_FDCWD, temp_path (WEB "lock"), long_ago, 0), 0);
  vtpm_store_close (store);
  cr_assert_eq (lstat (temp_path (WEB "lock"), &status), 0);
  cr_expect_gt (status.st_mtime, 1);
}

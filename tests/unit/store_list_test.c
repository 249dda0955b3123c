/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store_fixture.h"

#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>

TestSuite (store_list, .init = make_state_dir, .fini = remove_temp_dir, .timeout = 120);

static const struct vtpm_instance_id db = { "local", "db" };
static const struct vtpm_instance_id container = { VTPM_SCOPE_CONTAINER, "4f3c" };
static const struct vtpm_instance_id prod = { "prod", "web" };

static struct vtpm_store_list
get_list (size_t count)
{
  struct vtpm_store_list list = { 0 };

  assert_success (vtpm_store_list (temp_dir, &list, &error));
  cr_assert_eq (list.count, count, "%zu instances", list.count);
  return list;
}

static void
expect_id (const struct vtpm_store_entry *entry, const char *expected)
{
  char text[VTPM_INSTANCE_ID_TEXT_SIZE];

  cr_expect_str_eq (vtpm_instance_id_format (&entry->id, text), expected);
}

Test (store_list, is_empty)
{
  struct vtpm_store_list list = get_list (0);

  vtpm_store_list_clear (&list);
  cr_assert_eq (rmdir (temp_path ("instances")), 0);
  list = get_list (0);
  vtpm_store_list_clear (&list);
  assert_success (vtpm_store_list ("/nonexistent", &list, &error));
  cr_expect_eq (list.count, 0);
}

Test (store_list, is_sorted)
{
  struct vtpm_store_list list;

  make_generation (&web, "web");
  make_generation (&prod, "prod");
  make_generation (&container, "container");
  make_generation (&db, "db");
  list = get_list (4);
  expect_id (&list.entries[0], "_container/4f3c");
  expect_id (&list.entries[1], "local/db");
  expect_id (&list.entries[2], "local/web");
  expect_id (&list.entries[3], "prod/web");
  vtpm_store_list_clear (&list);
  cr_expect_eq (list.count, 0);
  cr_expect_null (list.entries);
}

Test (store_list, says_what_is_there)
{
  struct vtpm_store_list list;
  struct vtpm_store *store;

  make_generation (&web, "first");
  make_generation (&web, "second");
  list = get_list (1);
  cr_expect_eq (strlen (list.entries[0].uuid), 36);
  cr_expect_str_eq (list.entries[0].tpm_version, "2.0");
  cr_expect_eq (list.entries[0].generation, 2);
  cr_expect_str_eq (list.entries[0].holder, "");
  cr_expect_gt (list.entries[0].last_used, time (NULL) - 60);
  cr_expect_eq (list.entries[0].size, read_temp_file (WEB "state").size);
  cr_expect_str_eq (list.entries[0].fault, "");
  vtpm_store_list_clear (&list);
  store = open_web ();
  list = get_list (1);
  cr_expect_str_eq (list.entries[0].holder, "container 123");
  cr_expect_str_eq (list.entries[0].fault, "");
  vtpm_store_list_clear (&list);
  vtpm_store_close (store);
}

Test (store_list, says_that_a_first_start_is_under_way)
{
  struct vtpm_store *store = open_web ();
  struct vtpm_store_list list = get_list (1);

  cr_expect_str_eq (list.entries[0].holder, "container 123");
  cr_expect_str_eq (list.entries[0].fault, "state: there is none yet");
  cr_expect_str_eq (list.entries[0].uuid, "");
  cr_expect_eq (list.entries[0].generation, 0);
  vtpm_store_list_clear (&list);
  vtpm_store_close (store);
}

static void
expect_fault (const char *text, uint64_t generation)
{
  struct vtpm_store_list list = get_list (1);

  cr_expect (strncmp (list.entries[0].fault, text, strlen (text)) == 0, "%s",
             list.entries[0].fault);
  cr_expect_eq (list.entries[0].generation, generation);
  cr_expect_eq (strlen (list.entries[0].uuid), 36);
  cr_expect_str_eq (list.entries[0].tpm_version, "2.0");
  vtpm_store_list_clear (&list);
}

Test (store_list, says_what_is_wrong)
{
  make_generation (&web, "first");
  make_generation (&web, "second");
  copy_temp_file (WEB "state", "backup");
  copy_temp_file (WEB "state.previous", WEB "state");
  expect_fault ("state: generation 1 is not newer than generation 1 of state.previous", 1);
  write_temp_file (WEB "state", "OCI-", 4);
  expect_fault ("state: truncated: only 4 bytes of it", 0);
  write_temp_file (WEB "state", "nonsense", 8);
  expect_fault ("state: not a vTPM's state", 0);
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  expect_fault ("state: is missing, but state.previous is there", 0);
  cr_assert_eq (symlink ("../../../backup", temp_path (WEB "state")), 0);
  expect_fault ("state: not a regular file", 0);
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  cr_assert_eq (mkfifo (temp_path (WEB "state"), 0600), 0);
  expect_fault ("state: not a regular file", 0);
  cr_assert_eq (unlink (temp_path (WEB "state")), 0);
  copy_temp_file ("backup", WEB "state");
  expect_fault ("", 2);
  make_generation (&db, "db");
  copy_temp_file ("instances/local/db/state", WEB "state");
  assert_success (vtpm_store_remove (temp_dir, &db, &error));
  expect_fault ("state: is the state of instance local/db, not of local/web", 1);
}

Test (store_list, passes_over_what_is_no_instance)
{
  static const char *const directories[]
      = { "instances/UPPER",     "instances/UPPER/web",  "instances/.hidden",
          "instances/.hidden/a", "instances/local/~web", "instances/local/.web",
          "instances/local/-a",  "instances/_other",     "instances/_other/a" };
  struct vtpm_store_list list;

  make_generation (&web, "web");
  for (size_t i = 0; i < sizeof (directories) / sizeof (directories[0]); i++)
    cr_assert_eq (mkdir (temp_path (directories[i]), 0700), 0, "%s", directories[i]);
  write_temp_file ("instances/file", "", 0);
  write_temp_file ("instances/local/file", "", 0);
  cr_assert_eq (symlink ("local", temp_path ("instances/link")), 0);
  cr_assert_eq (symlink ("web", temp_path ("instances/local/link")), 0);
  cr_assert_eq (symlink ("nowhere", temp_path ("instances/local/dangling")), 0);
  cr_assert_eq (mkfifo (temp_path ("instances/local/fifo"), 0600), 0);
  list = get_list (1);
  expect_id (&list.entries[0], "local/web");
  vtpm_store_list_clear (&list);
}

Test (store_list, copes_with_odd_files)
{
  static const char *const names[] = { "state", "state.previous", "meta.json", "lock" };
  struct vtpm_store_list list;
  char path[64];

  cr_assert_eq (mkdir (temp_path ("instances/local"), 0700), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local/web"), 0700), 0);
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      snprintf (path, sizeof (path), WEB "%s", names[i]);
      cr_assert_eq (mkdir (temp_path (path), 0700), 0);
    }
  list = get_list (1);
  cr_expect_str_eq (list.entries[0].fault, "state: not a regular file");
  vtpm_store_list_clear (&list);
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      snprintf (path, sizeof (path), WEB "%s", names[i]);
      cr_assert_eq (rmdir (temp_path (path)), 0);
      cr_assert_eq (mkfifo (temp_path (path), 0600), 0);
    }
  list = get_list (1);
  cr_expect_str_eq (list.entries[0].fault, "state: not a regular file");
  vtpm_store_list_clear (&list);
}

Test (store_list, copes_with_directories_that_it_may_not_open)
{
  struct vtpm_store_list list;

  if (geteuid () != 0)
    cr_skip_test ("store_list/copes_with_directories_that_it_may_not_open needs root");
  make_generation (&web, "web");
  make_generation (&db, "db");
  make_generation (&prod, "prod");
  cr_assert_eq (chmod (temp_dir, 0755), 0);
  cr_assert_eq (chmod (temp_path ("instances"), 0755), 0);
  cr_assert_eq (chmod (temp_path ("instances/local"), 0755), 0);
  cr_assert_eq (chmod (temp_path ("instances/local/db"), 0755), 0);
  cr_assert_eq (seteuid (1234), 0);
  list = get_list (2);
  expect_id (&list.entries[0], "local/db");
  cr_expect_str_eq (list.entries[0].fault, "cannot open state: Permission denied");
  expect_id (&list.entries[1], "local/web");
  cr_expect_str_eq (list.entries[1].fault, "cannot be opened: Permission denied");
  vtpm_store_list_clear (&list);
  cr_assert_eq (seteuid (0), 0);
  cr_assert_eq (chmod (temp_path ("instances"), 0700), 0);
  cr_assert_eq (seteuid (1234), 0);
  expect_error (vtpm_store_list (temp_dir, &list, &error), EACCES, "/instances: ");
  cr_assert_eq (seteuid (0), 0);
}

/* Holders.  */

static void
expect_holder (const struct vtpm_instance_id *id, const char *expected)
{
  char holder[VTPM_INSTANCE_HOLDER_SIZE] = "x";

  assert_success (vtpm_instance_lock_holder (temp_dir, id, holder, &error));
  cr_expect_str_eq (holder, expected);
}

Test (store_list, knows_the_holder)
{
  struct vtpm_store *store;

  expect_holder (&web, "");
  store = open_web ();
  expect_holder (&web, "container 123");
  expect_holder (&db, "");
  expect_holder (&prod, "");
  write_temp_file (WEB "lock", "", 0);
  expect_holder (&web, "another process");
  assert_success (commit_text (store, "web", &error));
  vtpm_store_close (store);
  expect_holder (&web, "");
  /* Left by somebody who was killed.  */
  write_temp_file (WEB "lock", "container 1\n", 12);
  expect_holder (&web, "");
  cr_assert_eq (unlink (temp_path (WEB "lock")), 0);
  expect_holder (&web, "");
}

static void (*before_lock) (void);

/* The store's own calls come here too.  */
int
fcntl (int fd, int command, ...)
{
  void (*call) (void) = before_lock;
  va_list arguments;
  void *argument;

  va_start (arguments, command);
  argument = va_arg (arguments, void *);
  va_end (arguments);
  if (command == F_OFD_SETLK && call != NULL)
    {
      before_lock = NULL;
      call ();
    }
  return (int) syscall (SYS_fcntl, fd, command, argument);
}

/* Whoever asks all the time keeps nobody from using the instance.  */
Test (store_list, asks_without_getting_in_the_way)
{
  pid_t pids[3];

  make_generation (&web, "web");
  for (size_t i = 0; i < 3; i++)
    {
      pids[i] = fork_child ();
      while (pids[i] == 0)
        {
          char holder[VTPM_INSTANCE_HOLDER_SIZE];

          if (vtpm_instance_lock_holder (temp_dir, &web, holder, NULL) < 0)
            _exit (1);
        }
    }
  for (int i = 0; i < 500; i++)
    assert_success (try_open_web (&error));
  for (size_t i = 0; i < 3; i++)
    {
      cr_assert_eq (kill (pids[i], SIGKILL), 0);
      cr_assert_eq (waitpid (pids[i], NULL, 0), pids[i]);
    }
}

/* Removing.  */

Test (store_list, removes_an_instance)
{
  make_generation (&web, "first");
  make_generation (&web, "second");
  make_generation (&db, "db");
  write_temp_file (WEB "state.new", "half", 4);
  write_temp_file (WEB "notes", "of an administrator", 19);
  cr_assert_eq (symlink ("../db", temp_path (WEB "link")), 0);
  assert_success (vtpm_store_remove (temp_dir, &web, &error));
  cr_expect_not (exists ("instances/local/web"));
  cr_expect_not (exists ("instances/local/~web"));
  cr_expect (exists ("instances/local/db/state"));
  assert_success (vtpm_store_remove (temp_dir, &db, &error));
  cr_expect_not (exists ("instances/local"));
  expect_error (vtpm_store_remove (temp_dir, &db, &error), ENOENT, "there is no instance local/db");
}

Test (store_list, removes_damaged_instances)
{
  make_generation (&web, "first");
  write_temp_file (WEB "state", "", 0);
  write_temp_file (WEB "meta.json", "", 0);
  assert_success (vtpm_store_remove (temp_dir, &web, &error));
  cr_expect_not (exists ("instances/local"));
}

Test (store_list, removes_none_that_is_in_use)
{
  struct vtpm_store *store = open_web ();

  expect_error (vtpm_store_remove (temp_dir, &web, &error), EBUSY,
                "instance local/web is in use by container 123");
  assert_success (commit_text (store, "first", &error));
  expect_error (vtpm_store_remove (temp_dir, &web, &error), EBUSY, "is in use by container 123");
  vtpm_store_close (store);
  expect_web_holds ("first");
}

/* Somebody was killed while he removed an instance of this name.  */
Test (store_list, removes_a_leftover)
{
  make_generation (&web, "first");
  cr_assert_eq (rename (temp_path ("instances/local/web"), temp_path ("instances/local/~web")), 0);
  make_generation (&web, "second");
  assert_success (vtpm_store_remove (temp_dir, &web, &error));
  cr_expect_not (exists ("instances/local"));
}

Test (store_list, removes_no_directories)
{
  make_generation (&web, "first");
  cr_assert_eq (mkdir (temp_path (WEB "dir"), 0700), 0);
  expect_error (vtpm_store_remove (temp_dir, &web, &error), EISDIR, "cannot remove ");
  cr_expect_not (exists ("instances/local/web"), "nobody may find half an instance");
}

Test (store_list, removes_through_no_symbolic_link)
{
  make_generation (&db, "db");
  cr_assert_eq (symlink ("db", temp_path ("instances/local/web")), 0);
  expect_error (vtpm_store_remove (temp_dir, &web, &error), ENOTDIR, "/instances/local/web: ");
  cr_expect (exists ("instances/local/db/state"));
}

static void
remove_web (void)
{
  assert_success (vtpm_store_remove (temp_dir, &web, &error));
}

Test (store_list, removes_what_is_about_to_be_opened)
{
  struct vtpm_store_settings settings = web_settings ();
  struct vtpm_store *store;

  make_generation (&web, "first");
  before_lock = remove_web;
  store = open_web ();
  cr_assert_null (before_lock);
  cr_expect_eq (vtpm_store_header (store)->generation, 0);
  cr_expect (exists (WEB "lock"));
  assert_success (commit_text (store, "second", &error));
  vtpm_store_close (store);
  expect_web_holds ("second");
  before_lock = remove_web;
  settings.create = false;
  expect_error (try_open (settings, &error), ENOENT, "there is no instance local/web");
}

Test (store_list, removes_nothing_where_it_may_not)
{
  if (geteuid () != 0)
    cr_skip_test ("store_list/removes_nothing_where_it_may_not needs root");
  cr_assert_eq (chmod (temp_dir, 0755), 0);
  cr_assert_eq (chmod (temp_path ("instances"), 0777), 0);
  cr_assert_eq (seteuid (1234), 0);
  make_generation (&web, "first");
  cr_assert_eq (chmod (temp_path ("instances/local"), 0500), 0);
  expect_error (vtpm_store_remove (temp_dir, &web, &error), EACCES, "cannot remove ");
  expect_web_holds ("first");
  cr_assert_eq (seteuid (0), 0);
}

#define RACE_ROUNDS 400

static bool
is_expected (struct vtpm_error *error, int errnum)
{
  if (error != NULL && vtpm_error_errnum (error) != EBUSY && vtpm_error_errnum (error) != errnum)
    fprintf (stderr, "%s\n", vtpm_error_message (error));
  return error == NULL || vtpm_error_errnum (error) == EBUSY
         || vtpm_error_errnum (error) == errnum;
}

/* Some who make the instance, and commit each 16th time, one who removes it, one
   who lists it.  */
static void
play (int role, bool commits)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_store_settings settings = web_settings ();
  struct vtpm_store_list list = { 0 };
  struct vtpm_store *store = NULL;

  if (role == 0)
    vtpm_store_remove (temp_dir, &web, &error);
  else if (role == 1)
    vtpm_store_list (temp_dir, &list, &error);
  else
    vtpm_store_open (&settings, &store, &error);
  if (store != NULL && !exists (WEB "lock"))
    _exit (2);
  if (store != NULL && commits)
    commit_text (store, "text", &error);
  vtpm_store_close (store);
  vtpm_store_list_clear (&list);
  if (!is_expected (error, role == 0 ? ENOENT : EBUSY))
    _exit (1);
}

Test (store_list, survives_races)
{
  enum { PLAYERS = 5 };

  for (int role = 0; role < PLAYERS; role++)
    if (fork_child () == 0)
      {
        for (int i = 0; i < RACE_ROUNDS; i++)
          play (role, i % 16 == 0);
        _exit (0);
      }
  for (int i = 0; i < PLAYERS; i++)
    {
      int status;

      cr_assert_gt (wait (&status), 0);
      cr_expect_eq (status, 0);
    }
  vtpm_store_remove (temp_dir, &web, NULL);
  cr_expect_not (exists ("instances/local"));
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store_fixture.h"

#include <stdarg.h>

TestSuite (store_commit, .init = make_state_dir, .fini = remove_temp_dir, .timeout = 300);

/* What happens to a commit's calls, which are counted from 1.  0: nothing.  */
static struct
{
  int fail_at;
  int errnum;
  bool fail_forever; /* from there on */
  int die_at;        /* the process ends before this call */
} plan;

static int call_count;
static char trace[2048];

static void
make_plan (int fail_at, int errnum, bool fail_forever, int die_at)
{
  plan.fail_at = fail_at;
  plan.errnum = errnum;
  plan.fail_forever = fail_forever;
  plan.die_at = die_at;
  call_count = 0;
  trace[0] = '\0';
}

static void
make_no_plan (void)
{
  make_plan (0, 0, false, 0);
}

/* Notes a call.  Returns false, with errno set, if it is to fail.  */
static bool may_happen (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

static bool
may_happen (const char *format, ...)
{
  size_t length = strlen (trace);
  va_list arguments;

  va_start (arguments, format);
  vsnprintf (trace + length, sizeof (trace) - length, format, arguments);
  va_end (arguments);
  call_count++;
  if (call_count == plan.die_at)
    _exit (0);
  errno = plan.errnum;
  return call_count != plan.fail_at
         && !(plan.fail_forever && plan.fail_at > 0 && call_count > plan.fail_at);
}

static int
planned_open (int dir_fd, const char *name, int flags, mode_t mode)
{
  return may_happen ("open %s\n", name) ? openat (dir_fd, name, flags, mode) : -1;
}

static ssize_t
planned_write (int fd, const void *data, size_t size)
{
  return may_happen ("write\n") ? write (fd, data, size) : -1;
}

/* Syncs nothing: the machine does not fail during a test.  */
static int
planned_fsync (int fd)
{
  char link[32], path[512] = "";

  snprintf (link, sizeof (link), "/proc/self/fd/%d", fd);
  cr_assert_gt (readlink (link, path, sizeof (path) - 1), 0);
  return may_happen ("sync %s\n", strrchr (path, '/') + 1) ? 0 : -1;
}

static int
planned_link (int dir_fd, const char *from, const char *to)
{
  return may_happen ("link %s %s\n", from, to) ? linkat (dir_fd, from, dir_fd, to, 0) : -1;
}

static int
planned_rename (int dir_fd, const char *from, const char *to)
{
  return may_happen ("rename %s %s\n", from, to) ? renameat (dir_fd, from, dir_fd, to) : -1;
}

static int
planned_unlink (int dir_fd, const char *name)
{
  return may_happen ("unlink %s\n", name) ? unlinkat (dir_fd, name, 0) : -1;
}

static const struct vtpm_store_calls planned_calls = {
  .open = planned_open,
  .write = planned_write,
  .fsync = planned_fsync,
  .link = planned_link,
  .rename = planned_rename,
  .unlink = planned_unlink,
};

static struct vtpm_store *
open_planned (void)
{
  struct vtpm_store_settings settings = web_settings ();

  settings.calls = &planned_calls;
  return open_with (settings);
}

/* The situations that a commit can find.  */
struct situation
{
  const char *name;
  int before; /* commits before this start of the instance */
  int since;  /* and since */
};

static const struct situation situations[] = {
  { "the first commit", 0, 0 },
  { "the second commit", 0, 1 },
  { "the third commit", 0, 2 },
  { "the first commit of the second start", 1, 0 },
  { "the first commit of the third start", 2, 0 },
  { "a commit in the middle", 2, 2 },
};

#define SITUATION_COUNT (sizeof (situations) / sizeof (situations[0]))

static void
commit_times (struct vtpm_store *store, int count)
{
  for (int i = 0; i < count; i++)
    assert_success (commit_text (store, "old", &error));
}

/* A new instance, with its store open.  */
static struct vtpm_store *
arrange (const struct situation *situation)
{
  struct vtpm_store *store;

  make_no_plan ();
  if (exists ("instances/local/web"))
    assert_success (vtpm_store_remove (temp_dir, &web, &error));
  for (int i = 0; i < situation->before; i++)
    {
      store = open_planned ();
      commit_times (store, 1);
      vtpm_store_close (store);
    }
  store = open_planned ();
  commit_times (store, situation->since);
  return store;
}

static bool
has_state (const struct situation *situation)
{
  return situation->before + situation->since > 0;
}

static const char *const state_files[] = { WEB "state", WEB "state.previous" };

struct snapshot
{
  struct content content[2];
};

static struct snapshot
take_snapshot (void)
{
  struct snapshot snapshot = { 0 };

  for (size_t i = 0; i < 2; i++)
    if (exists (state_files[i]))
      snapshot.content[i] = read_temp_file (state_files[i]);
  return snapshot;
}

static void
expect_no_leftovers (void)
{
  cr_expect_not (exists (WEB "state.new"));
  cr_expect_not (exists (WEB "state.previous.new"));
  cr_expect_not (exists (WEB "meta.json.new"));
}

/* The store can be opened again and holds TEXT; another commit works.  */
static void
expect_intact (const char *text)
{
  struct vtpm_store *store;

  make_no_plan ();
  store = open_planned ();
  cr_expect (holds (store, text), "not %s", text);
  commit_times (store, 1);
  vtpm_store_close (store);
  store = open_planned ();
  cr_expect (holds (store, "old"));
  expect_no_leftovers ();
  vtpm_store_close (store);
}

/* The same after a process was killed: OLD or NEW, or nothing where there was no
   state.  */
static void
expect_either (const struct situation *situation)
{
  struct vtpm_store *store;
  const uint8_t *permanent;
  size_t size;

  make_no_plan ();
  store = open_planned ();
  vtpm_store_get_permanent (store, &permanent, &size);
  if (permanent == NULL)
    cr_expect_not (has_state (situation), "the state is lost");
  else
    cr_expect (holds (store, "new") || (has_state (situation) && holds (store, "old")));
  commit_times (store, 1);
  vtpm_store_close (store);
  expect_intact ("old");
}

/* What is synced, and when, is what survives a power failure.  */

Test (store_commit, syncs_the_first)
{
  struct vtpm_store *store = arrange (&situations[0]);

  make_no_plan ();
  assert_success (commit_text (store, "new", &error));
  cr_expect_str_eq (trace, "open state.new\nwrite\nsync state.new\n"
                           "rename state.new state\nsync web\nsync local\nsync instances\n"
                           "open meta.json.new\nwrite\nsync meta.json.new\n"
                           "rename meta.json.new meta.json\nsync web\n");
  vtpm_store_close (store);
}

#define NEXT                                                                                       \
  "open state.new\nwrite\nsync state.new\nunlink state.previous.new\n"                             \
  "link state state.previous.new\nrename state.new state\nsync web\n"                              \
  "rename state.previous.new state.previous\n"

Test (store_commit, syncs_the_next)
{
  struct vtpm_store *store = arrange (&situations[1]);

  make_no_plan ();
  assert_success (commit_text (store, "new", &error));
  cr_expect_str_eq (trace, NEXT);
  vtpm_store_close (store);
}

Test (store_commit, syncs_the_first_of_another_start)
{
  struct vtpm_store *store = arrange (&situations[3]);

  make_no_plan ();
  assert_success (commit_text (store, "new", &error));
  cr_expect_str_eq (trace, "sync web\nopen meta.json.new\nwrite\nsync meta.json.new\n"
                           "rename meta.json.new meta.json\nsync web\n" NEXT);
  make_no_plan ();
  assert_success (commit_text (store, "new", &error));
  cr_expect_str_eq (trace, NEXT);
  vtpm_store_close (store);
}

Test (store_commit, syncs_what_a_killed_process_may_not_have)
{
  struct vtpm_store *store = arrange (&situations[3]);

  vtpm_store_close (store);
  cr_assert_eq (unlink (temp_path (WEB "meta.json")), 0);
  store = open_planned ();
  make_no_plan ();
  assert_success (commit_text (store, "new", &error));
  cr_expect_str_eq (trace, "sync web\nsync local\nsync instances\n"
                           "open meta.json.new\nwrite\nsync meta.json.new\n"
                           "rename meta.json.new meta.json\nsync web\n" NEXT);
  vtpm_store_close (store);
}

/* Failures.  */

static void
expect_failed (const struct vtpm_error *error, int errnum, const struct snapshot *before)
{
  struct snapshot after = take_snapshot ();

  cr_expect_eq (vtpm_error_errnum (error), errnum);
  cr_expect_not_null (strstr (vtpm_error_message (error), "/" WEB), "%s",
                      vtpm_error_message (error));
  cr_expect (memcmp (before, &after, sizeof (after)) == 0, "files were touched");
  expect_no_leftovers ();
}

/* Makes call N of a commit fail.  Returns false if there are not that many.  */
static bool
check_failure (const struct situation *situation, int n, int errnum)
{
  struct vtpm_store *store = arrange (situation);
  struct snapshot before = take_snapshot ();
  _cleanup_error_ struct vtpm_error *problem = NULL;
  bool reached;

  make_plan (n, errnum, false, 0);
  if (commit_text (store, "new", &problem) < 0)
    {
      reached = true;
      expect_failed (problem, errnum, &before);
      make_no_plan ();
      assert_success (commit_text (store, "new", &error));
    }
  else
    reached = call_count >= n;
  cr_expect_eq (vtpm_store_header (store)->generation,
                (uint64_t) (situation->before + situation->since + 1));
  vtpm_store_close (store);
  expect_intact ("new");
  return reached;
}

Test (store_commit, changes_nothing_if_it_fails)
{
  static const int errnums[] = { ENOSPC, EIO, EROFS, EDQUOT };

  for (size_t i = 0; i < SITUATION_COUNT; i++)
    for (size_t j = 0; j < sizeof (errnums) / sizeof (errnums[0]); j++)
      {
        int n = 1;

        while (check_failure (&situations[i], n, errnums[j]))
          n++;
        cr_expect_gt (n, 8);
      }
}

Test (store_commit, says_what_failed)
{
  struct vtpm_store *store = arrange (&situations[3]);

  make_plan (3, ENOSPC, false, 0);
  expect_error (commit_text (store, "new", &error), ENOSPC,
                WEB "meta.json.new: No space left on device");
  make_plan (8, EIO, false, 0);
  expect_error (commit_text (store, "new", &error), EIO, WEB "state.new: Input/output error");
  vtpm_store_close (store);
}

/* A failed first commit leaves nothing.  */
Test (store_commit, leaves_nothing_of_a_failed_first_one)
{
  for (int n = 1; n <= 12; n++)
    {
      struct vtpm_store *store = arrange (&situations[0]);

      make_plan (n, EIO, false, 0);
      cr_assert_eq (commit_text (store, "new", NULL), -1);
      vtpm_store_close (store);
      cr_expect_not (exists ("instances/local"), "call %d", n);
    }
}

/* From call N on all fail, undoing too, until the disk is well again: COMMITS
   more times before.  */
static bool
check_broken_disk (const struct situation *situation, int n, int commits, bool commit_again)
{
  struct vtpm_store *store = arrange (situation);
  bool reached, committed;

  make_plan (n, EIO, true, 0);
  committed = commit_text (store, "new", NULL) == 0;
  reached = call_count >= n;
  for (int i = 0; i < commits && !committed; i++)
    cr_assert_eq (commit_text (store, "new", NULL), -1);
  make_no_plan ();
  if (commit_again)
    assert_success (commit_text (store, "new", &error));
  vtpm_store_close (store);
  if (commit_again || committed)
    expect_intact ("new");
  else if (has_state (situation))
    expect_intact ("old");
  else
    cr_expect_not (exists ("instances/local"));
  return reached;
}

Test (store_commit, recovers_when_the_disk_does)
{
  for (size_t i = 0; i < SITUATION_COUNT; i++)
    for (int commits = 0; commits < 3; commits++)
      {
        for (int n = 1; check_broken_disk (&situations[i], n, commits, true); n++)
          ;
        for (int n = 1; check_broken_disk (&situations[i], n, commits, false); n++)
          ;
      }
}

/* A process makes a commit whose call FAIL_AT fails, and is killed before call
   DIE_AT.  Returns false if there are not that many.  */
static bool
check_death (const struct situation *situation, int fail_at, bool forever, int die_at)
{
  pid_t pid = fork_child ();
  int status;

  if (pid == 0)
    {
      struct vtpm_store *store = arrange (situation);

      make_plan (fail_at, EIO, forever, die_at);
      commit_text (store, "new", NULL);
      _exit (1);
    }
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_assert (WIFEXITED (status));
  if (WEXITSTATUS (status) == 0)
    expect_either (situation);
  return WEXITSTATUS (status) == 0;
}

Test (store_commit, survives_being_killed)
{
  for (size_t i = 0; i < SITUATION_COUNT; i++)
    {
      int die_at = 1;

      while (check_death (&situations[i], 0, false, die_at))
        die_at++;
      cr_expect_gt (die_at, 8);
    }
}

Test (store_commit, survives_being_killed_while_it_fails)
{
  for (size_t i = 0; i < SITUATION_COUNT; i += 2)
    for (int fail_at = 1; fail_at <= 14; fail_at++)
      for (int forever = 0; forever < 2; forever++)
        for (int die_at = fail_at + 1; check_death (&situations[i], fail_at, forever, die_at);)
          die_at++;
}

/* A state that a killed process left half written is in nobody's way.  */
Test (store_commit, clears_up_after_a_killed_process)
{
  static const char *const names[]
      = { WEB "state.new", WEB "state.previous.new", WEB "meta.json.new" };
  struct vtpm_store *store = arrange (&situations[2]);

  vtpm_store_close (store);
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    write_temp_file (names[i], "half a state, and much longer than a whole one", 46);
  expect_web_holds ("old");
  expect_intact ("old");
}

static int interruptions;

/* Writes at most 10 bytes, and is interrupted each other time.  */
static ssize_t
write_bit_by_bit (int fd, const void *data, size_t size)
{
  errno = EINTR;
  return interruptions++ % 2 == 0 ? -1 : write (fd, data, size < 10 ? size : 10);
}

Test (store_commit, writes_bit_by_bit_if_it_must)
{
  struct vtpm_store_settings settings = web_settings ();
  struct vtpm_store_calls calls = planned_calls;
  struct vtpm_store *store;

  calls.write = write_bit_by_bit;
  settings.calls = &calls;
  store = open_with (settings);
  assert_success (commit_text (store, "new", &error));
  vtpm_store_close (store);
  cr_expect_gt (interruptions, 20);
  expect_intact ("new");
}

Test (store_commit, replaces_no_file_that_others_have_open)
{
  struct vtpm_store *store = arrange (&situations[1]);
  _cleanup_close_ int fd = open (temp_path (WEB "state"), O_RDONLY | O_CLOEXEC);
  struct content before = read_temp_file (WEB "state"), after = { 0 };

  assert_success (commit_text (store, "new", &error));
  after.size = (size_t) read (fd, after.bytes, sizeof (after.bytes));
  cr_expect (memcmp (&before, &after, sizeof (before)) == 0);
  after = read_temp_file (WEB "state.previous");
  cr_expect (memcmp (&before, &after, sizeof (before)) == 0, "not the generation before");
  vtpm_store_close (store);
}

Test (store_commit, writes_through_no_symbolic_link)
{
  struct vtpm_store *store = arrange (&situations[1]);

  write_temp_file ("target", "precious", 8);
  cr_assert_eq (symlink ("../../../target", temp_path (WEB "state.new")), 0);
  expect_error (commit_text (store, "new", &error), ELOOP, "cannot write ");
  cr_expect_eq (read_temp_file ("target").size, 8);
  assert_success (commit_text (store, "new", &error));
  vtpm_store_close (store);
}

/* Somebody has taken the state away under our hands.  */
Test (store_commit, makes_no_lost_state_anew)
{
  struct vtpm_store *store = arrange (&situations[1]);

  cr_assert_eq (rename (temp_path (WEB "state"), temp_path ("state")), 0);
  expect_error (commit_text (store, "new", &error), ENOENT, "cannot make ");
  cr_expect_not (exists (WEB "state"));
  vtpm_store_close (store);
}

Test (store_commit, has_a_limit)
{
  struct vtpm_store *store = arrange (&situations[1]);
  _cleanup_free_ uint8_t *large = calloc (1, VTPM_STATE_FILE_MAX);

  expect_error (vtpm_store_commit (store, large, VTPM_STATE_FILE_MAX, &error), EFBIG,
                "/instances/local/web: a state of 2097152 bytes is too large");
  vtpm_store_close (store);
  expect_intact ("old");
}

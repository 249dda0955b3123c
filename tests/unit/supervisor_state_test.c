/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_fixture.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "expect_error.h"
#include "protocol.h"
#include "store.h"
#include "tpm_seed.h"

TestSuite (supervisor_state, .init = set_up_supervisor, .fini = tear_down_supervisor,
           .timeout = 60);

static struct vtpm_supervisor_settings
persistent_settings_for (const char *behaviour)
{
  static const struct vtpm_host_keys keys = { .count = 1, .key = { { 1, 2, 3 } } };
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  settings.persistent = true;
  settings.state_dir = vtpm.dir;
  assert_success (vtpm_instance_id_parse ("web", &settings.instance, &error));
  assert_success (vtpm_host_keys_to_fd (&keys, &settings.host_keys_fd, &error));
  if (!exists ("instances"))
    cr_assert_eq (mkdir (path_of ("instances"), 0700), 0);
  return settings;
}

static void
start_persistent (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for (behaviour);

  serve_with (&settings);
}

Test (supervisor_state, keeps_state)
{
  start_persistent ("commits");
  send_command ();
  send_command ();
  wait_for_log ("begins with \"\"\n");
  ask_to_stop ();
  expect_end_in_order ();
  expect_log ("emulator: committed\n");
  cr_assert_eq (unlink (path_of ("commits")), 0);

  start_persistent ("commits");
  send_command ();
  wait_for_log ("begins with \"state 2\"\n");
  ask_to_stop ();
  expect_end_in_order ();
}

static void
start_seeded (const char *seed)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for ("commits");
  const struct vtpm_secret_bytes bytes = { .data = (uint8_t *) seed, .size = strlen (seed) };
  uint8_t *mapped;

  assert_success (vtpm_tpm_seed_create (&settings.seed_fd, &error));
  assert_success (vtpm_tpm_seed_map (settings.seed_fd, &mapped, &error));
  assert_success (vtpm_tpm_seed_fill (mapped, &bytes, &error));
  munmap (mapped, VTPM_TPM_SEED_MAX);
  assert_success (vtpm_tpm_seed_seal (settings.seed_fd, bytes.size, &error));
  serve_with (&settings);
  close (settings.seed_fd);
}

/* What is on disk is the TPM, whatever else was made.  */
Test (supervisor_state, begins_with_what_was_made)
{
  start_seeded ("as made");
  send_command ();
  send_command ();
  wait_for_log ("begins with \"as made\"\n");
  ask_to_stop ();
  expect_end_in_order ();
  cr_assert_eq (unlink (path_of ("commits")), 0);

  start_seeded ("made in vain");
  send_command ();
  wait_for_log ("begins with \"state 2\"\n");
  ask_to_stop ();
  expect_end_in_order ();
}

#define POOLED "ek04-pcr0-ca00000000-0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff"

static void
put_into_pool (const char *state)
{
  static const struct vtpm_host_keys keys = { .count = 1, .key = { { 1, 2, 3 } } };
  const struct vtpm_instance_id id = { "_pool", POOLED };
  const struct vtpm_store_settings settings = {
    .state_dir = vtpm.dir, .id = &id, .keys = &keys, .holder = "test", .create = true,
  };
  _cleanup_store_ struct vtpm_store *store = NULL;

  assert_success (vtpm_store_open (&settings, &store, &error));
  assert_success (vtpm_store_expect_version (store, VTPM_TPM_2_0, &error));
  assert_success (vtpm_store_commit (store, (const uint8_t *) state, strlen (state), &error));
}

Test (supervisor_state, begins_with_what_was_in_the_pool)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for ("commits");

  put_into_pool ("pooled");
  settings.pooled = POOLED;
  serve_with (&settings);
  cr_expect_not (exists ("instances/_pool"));
  send_command ();
  send_command ();
  wait_for_log ("begins with \"pooled\"\n");
  ask_to_stop ();
  expect_end_in_order ();
}

/* What is kept nowhere needs the keys for it too.  */
Test (supervisor_state, begins_with_what_was_in_the_pool_and_keeps_nothing)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for ("ready");

  put_into_pool ("pooled");
  settings.persistent = false;
  settings.pooled = POOLED;
  serve_with (&settings);
  cr_expect_not (exists ("instances/_pool"));
  ask_to_stop ();
  expect_end_in_order ();
}

/* Another container was faster, and the hook chooses again.  */
Test (supervisor_state, tells_the_hook_that_it_was_too_late)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for ("ready");

  settings.pooled = POOLED;
  start_with (&settings);
  expect_message (VTPM_START_DEVICE_DROPPED, "the pooled TPM " POOLED " was taken by another");
  expect_end (1);
  cr_expect_not (exists ("instances/local"));
}

/* One that is there already is what it is, and the pool keeps its own.  */
Test (supervisor_state, leaves_the_pool_to_new_ones)
{
  struct vtpm_supervisor_settings settings;

  start_persistent ("commits");
  send_command ();
  wait_for_log ("begins with \"\"\n");
  ask_to_stop ();
  expect_end_in_order ();
  cr_assert_eq (unlink (path_of ("commits")), 0);

  put_into_pool ("pooled");
  settings = persistent_settings_for ("commits");
  settings.pooled = POOLED;
  serve_with (&settings);
  send_command ();
  wait_for_log ("begins with \"state 1\"\n");
  ask_to_stop ();
  expect_end_in_order ();
  cr_expect (exists ("instances/_pool/" POOLED "/state"));
}

static void
wait_for_commits (int expected)
{
  int found;

  do
    {
      found = 0;
      for (const char *line = log_text (); (line = strstr (line, "emulator: committed\n")) != NULL;
           line++)
        found++;
    }
  while (found < expected);
}

/* The hook goes before it has recorded the vTPM.  */
static void
start_in_vain (void)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for ("commits");

  start_with (&settings);
  expect_message (VTPM_START_READY, "");
}

/* A start that fails takes along the instance that it has made, and no other.  */
Test (supervisor_state, leaves_no_instance_that_was_never_used)
{
  start_in_vain ();
  send_command ();
  wait_for_commits (1);
  close (vtpm.hook);
  expect_end_in_order ();
  cr_expect_not (exists ("instances/local"));
  cr_assert_eq (unlink (path_of ("commits")), 0);

  start_persistent ("commits");
  send_command ();
  wait_for_commits (2);
  ask_to_stop ();
  expect_end_in_order ();
  cr_assert_eq (unlink (path_of ("commits")), 0);

  start_in_vain ();
  close (vtpm.hook);
  expect_end_in_order ();
  cr_expect (exists ("instances/local/web/state"));
}

Test (supervisor_state, says_what_it_cannot_keep)
{
  start_persistent ("commits");
  send_command ();
  wait_for_log ("emulator: committed\n");
  cr_assert_eq (rename (path_of ("instances/local/web/state"), path_of ("kept")), 0);
  cr_assert_eq (mkdir (path_of ("instances/local/web/state"), 0700), 0);
  send_command ();
  send_command ();
  wait_for_log ("emulator: not committed\n");
  expect_log ("what changes the TPM for good is answered with TPM_RC_NV_UNAVAILABLE\n");
  cr_assert_eq (rmdir (path_of ("instances/local/web/state")), 0);
  cr_assert_eq (rename (path_of ("kept"), path_of ("instances/local/web/state")), 0);
  send_command ();
  wait_for_log ("info: the TPM's state can be written again\n");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor_state, restarts_an_emulator_that_commits_nonsense)
{
  start_persistent ("commits-what-is-not-there");
  send_command ();
  wait_for_restarts (1);
  expect_log ("the journal has no permanent state 77");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor_state, fails_when_its_instance_is_in_use)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for ("silent");
  struct vtpm_host_keys keys = { .count = 1 };
  const struct vtpm_store_settings taken = {
    .state_dir = vtpm.dir,
    .id = &settings.instance,
    .keys = &keys,
    .holder = "container first",
    .create = true,
  };
  struct vtpm_store *store = NULL;

  assert_success (vtpm_store_open (&taken, &store, &error));
  start_with (&settings);
  expect_failed_start ("instance local/web is in use by container first");
  vtpm_store_close (store);
}

Test (supervisor_state, fails_when_the_first_state_cannot_be_kept)
{
  static const char *const dirs[]
      = { "instances", "instances/local", "instances/local/web", "instances/local/web/state.new" };
  struct vtpm_supervisor_settings settings;

  for (size_t i = 0; i < sizeof (dirs) / sizeof (dirs[0]); i++)
    cr_assert_eq (mkdir (path_of (dirs[i]), 0700), 0);
  settings = persistent_settings_for ("commits-starting");
  start_with (&settings);
  expect_failed_start ("/instances/local/web/state.new: Is a directory");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "channel.h"
#include "control_client.h"
#include "expect_error.h"
#include "protocol.h"
#include "json.h"
#include "rundir.h"
#include "store.h"
#include "temp_dir.h"

/*
 * Each test runs a supervisor in a child, with a fake emulator
 * (fake_emulator.c) that behaves as its name says, and a second child for the
 * container.  The test itself is the hook, the kernel's side of the device
 * pair, and whoever uses the control socket.
 */

#define ID "c1"
#define RECORD "{\"containerId\":\"c1\"}"
#define LOG_MAX (1 << 20)

static struct
{
  pid_t supervisor;
  pid_t container;
  int hook; /* our ends */
  int server;
  int container_pidfd;
  int log; /* the supervisor's log, and last the error it returned */
} vtpm;

/* Most of a flood is not worth keeping.  */
static void
write_log (enum vtpm_log_level level, const char *line, void *context)
{
  static int floods;
  char text[VTPM_LOG_LINE_MAX + 16];
  int length = snprintf (text, sizeof (text), "%s: %s\n", vtpm_log_level_name (level), line);

  (void) context;
  if (strcmp (line, "emulator: flood") != 0 || floods++ < 3)
    if (write (vtpm.log, text, (size_t) length) < 0)
      _exit (99);
}

static void
start_container (void)
{
  vtpm.container = fork ();
  cr_assert_geq (vtpm.container, 0);
  if (vtpm.container == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        pause ();
    }
  vtpm.container_pidfd = (int) syscall (SYS_pidfd_open, vtpm.container, 0);
  cr_assert_geq (vtpm.container_pidfd, 0);
}

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_temp_dir ();
  vtpm.log = memfd_create ("log", MFD_CLOEXEC);
  start_container ();
}

static void
tear_down (void)
{
  syscall (SYS_pidfd_send_signal, vtpm.container_pidfd, SIGKILL, NULL, 0);
  remove_temp_dir ();
}

TestSuite (supervisor, .init = set_up, .fini = tear_down, .timeout = 60);

static void
supervise (const struct vtpm_supervisor_settings *settings)
{
  struct vtpm_error *error = NULL;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  vtpm_log_to_sink (write_log, NULL);
  vtpm_log_set_level (VTPM_LOG_DEBUG);
  if (vtpm_supervisor_run (settings, &error) == 0)
    _exit (0);
  write_log (VTPM_LOG_ERROR, vtpm_error_message (error), NULL);
  _exit (1);
}

static void
start_with (struct vtpm_supervisor_settings *settings)
{
  int hook[2], server[2];

  assert_success (vtpm_channel_pair (hook, &error));
  assert_success (vtpm_channel_pair (server, &error));
  vtpm.supervisor = fork ();
  cr_assert_geq (vtpm.supervisor, 0);
  if (vtpm.supervisor == 0)
    {
      close (hook[0]);
      close (server[0]);
      settings->hook_fd = hook[1];
      settings->server_fd = server[1];
      supervise (settings);
    }
  close (hook[1]);
  close (server[1]);
  vtpm.hook = hook[0];
  vtpm.server = server[0];
}

/* BEHAVIOUR is a name that fake_emulator.c knows.  */
static struct vtpm_supervisor_settings
settings_for (const char *behaviour)
{
  const struct vtpm_supervisor_settings settings = {
    .container_id = ID,
    .container_pid = vtpm.container,
    .run_dir = temp_dir,
    .emulator = temp_path (behaviour),
    .version = VTPM_TPM_2_0,
    .stop_timeout = 3600,
    .restarts_per_minute = 1000,
    .log_level = VTPM_LOG_DEBUG,
    .container_pidfd = vtpm.container_pidfd,
    .host_keys_fd = -1,
  };

  cr_assert_eq (symlink (FAKE_EMULATOR, settings.emulator), 0);
  return settings;
}

static void
start (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  start_with (&settings);
}

static void
expect_message (uint32_t type, const char *text)
{
  struct vtpm_message message;

  cr_assert_eq (vtpm_channel_receive (vtpm.hook, &message, NULL), VTPM_RECEIVE_MESSAGE);
  cr_assert_eq (message.type, type, "message 0x%x: %s", message.type, message.payload);
  cr_expect_not_null (strstr ((const char *) message.payload, text), "\"%s\" without \"%s\"",
                      message.payload, text);
}

static void
expect_no_more_messages (void)
{
  struct vtpm_message message;

  cr_expect_eq (vtpm_channel_receive (vtpm.hook, &message, NULL), VTPM_RECEIVE_CLOSED);
}

static void
start_and_wait (const char *behaviour)
{
  start (behaviour);
  expect_message (VTPM_START_READY, "");
}

static void
hand_over (void)
{
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, RECORD, &error));
  expect_message (VTPM_START_RECORDED, "");
}

/* Brings a vTPM into use.  */
static void
start_serving (const char *behaviour)
{
  start_and_wait (behaviour);
  hand_over ();
  close (vtpm.hook);
}

/* What a container's command is to a fake emulator.  */
static void
send_command (void)
{
  cr_assert_eq (write (vtpm.server, "command", 7), 7);
}

static bool
exists (const char *name)
{
  return access (temp_path (name), F_OK) == 0;
}

static const char *
log_text (void)
{
  static char text[LOG_MAX];
  ssize_t size = pread (vtpm.log, text, sizeof (text) - 1, 0);

  cr_assert_geq (size, 0);
  text[size] = '\0';
  return text;
}

static void
expect_log (const char *expected)
{
  cr_expect_not_null (strstr (log_text (), expected), "no \"%s\" in:\n%s", expected, log_text ());
}

/* Nobody holds the server side any more: to the kernel, the device is gone.  */
static void
expect_no_device (void)
{
  struct vtpm_message message;

  cr_expect_eq (vtpm_channel_receive (vtpm.server, &message, NULL), VTPM_RECEIVE_CLOSED);
}

static void
expect_exit (int expected)
{
  int status;

  cr_assert_eq (waitpid (vtpm.supervisor, &status, 0), vtpm.supervisor);
  cr_expect (WIFEXITED (status) && WEXITSTATUS (status) == expected, "wait status 0x%x, log:\n%s",
             status, log_text ());
}

/* The supervisor ends and leaves nothing.  */
static void
expect_end (int status)
{
  expect_exit (status);
  expect_no_device ();
  cr_expect_not (exists (ID));
  cr_expect_not (exists ("~" ID));
}

static void
expect_end_in_order (void)
{
  expect_end (0);
  expect_log ("info: the TPM is shut down\n");
}

static int
connect_control (void)
{
  int fd = -1;

  assert_success (
      vtpm_control_connect (temp_dir, ID, vtpm_deadline_after_seconds (60), &fd, &error));
  return fd;
}

static void
expect_state (const char *expected)
{
  _cleanup_close_ int fd = connect_control ();
  struct vtpm_control_status status;

  assert_success (vtpm_control_get_status (fd, vtpm_deadline_after_seconds (60), &status, &error));
  cr_expect_str_eq (status.state, expected);
  cr_expect_eq (status.container_pid, vtpm.container);
  cr_expect_eq (status.supervisor_pid, vtpm.supervisor);
  cr_expect_eq (kill (status.emulator_pid, 0), 0);
}

/* What the supervisor answers about itself.  */
static json_object *
get_status (void)
{
  _cleanup_close_ int fd = connect_control ();
  struct vtpm_message message;
  json_object *status = NULL;

  assert_success (vtpm_channel_send (fd, VTPM_CONTROL_STATUS, NULL, 0, &error));
  cr_assert_eq (vtpm_channel_receive (fd, &message, NULL), VTPM_RECEIVE_MESSAGE);
  assert_success (vtpm_json_parse ((const char *) message.payload, message.length, "status",
                                   &status, &error));
  return status;
}

static int
get_number (const char *key)
{
  _cleanup_json_ json_object *status = get_status ();

  return json_object_get_int (json_object_object_get (status, key));
}

static pid_t
get_emulator_pid (void)
{
  return (pid_t) get_number ("emulatorPid");
}

static void
wait_for_restarts (int expected)
{
  while (get_number ("emulatorRestarts") < expected)
    sched_yield ();
  cr_expect_eq (get_number ("emulatorRestarts"), expected);
}

static void
wait_for_state (const char *expected)
{
  for (;;)
    {
      _cleanup_json_ json_object *status = get_status ();

      if (strcmp (json_object_get_string (json_object_object_get (status, "state")), expected) == 0)
        return;
      sched_yield ();
    }
}

static void
wait_for_log (const char *expected)
{
  while (strstr (log_text (), expected) == NULL)
    sched_yield ();
}

static void
ask_to_stop (void)
{
  _cleanup_close_ int fd = connect_control ();

  assert_success (vtpm_control_stop (fd, vtpm_deadline_after_seconds (60), &error));
  cr_expect_not (exists (ID), "the connection ends after everything else");
}

/* A good life, by the ways it can end.  */

static void
check_record (void)
{
  char text[64] = "";
  _cleanup_close_ int fd = open (temp_path (ID "/vtpm.json"), O_RDONLY | O_CLOEXEC);

  cr_assert_geq (fd, 0);
  cr_assert_geq (read (fd, text, sizeof (text) - 1), 0);
  cr_expect_str_eq (text, RECORD);
}

Test (supervisor, lives_as_long_as_its_container)
{
  start_and_wait ("ready");
  expect_state ("offered");
  cr_expect_not (exists (ID "/vtpm.json"));
  hand_over ();
  check_record ();
  expect_state ("serving");
  close (vtpm.hook);
  send_command ();
  expect_state ("serving");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_end_in_order ();
}

Test (supervisor, stops_when_asked)
{
  start_serving ("ready");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, stops_for_a_signal)
{
  static const int signals[] = { SIGTERM, SIGINT };

  for (size_t i = 0; i < sizeof (signals) / sizeof (signals[0]); i++)
    {
      start_serving ("ready");
      cr_assert_eq (kill (vtpm.supervisor, signals[i]), 0);
      expect_end_in_order ();
      cr_assert_eq (unlink (temp_path ("ready")), 0);
    }
}

Test (supervisor, survives_other_signals)
{
  start_serving ("ready");
  cr_assert_eq (kill (vtpm.supervisor, SIGHUP), 0);
  cr_assert_eq (kill (vtpm.supervisor, SIGPIPE), 0);
  expect_state ("serving");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, stops_when_the_device_is_gone)
{
  start_serving ("loses-server");
  send_command ();
  expect_end_in_order ();
}

Test (supervisor, works_as_tpm_1_2)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.version = VTPM_TPM_1_2;
  start_with (&settings);
  expect_message (VTPM_START_READY, "");
  hand_over ();
  ask_to_stop ();
  expect_end_in_order ();
  expect_log ("TPM 1.2 is in use");
}

/* Trouble before the hook has recorded the vTPM is the hook's to report.  */

static void
expect_failed_start (const char *reason)
{
  expect_message (VTPM_START_FAILED, reason);
  expect_no_more_messages ();
  expect_end (1);
  expect_log (reason);
}

Test (supervisor, tells_the_hook_why_a_start_fails)
{
  static const struct
  {
    const char *behaviour;
    const char *reason;
  } cases[] = {
    { "fails", "emulator: no TPM today??[31m?" },
    { "exits", "the emulator ended unexpectedly: exit status 3" },
    { "crashes", "the emulator ended unexpectedly: killed by signal 10 (User defined signal 1)" },
    { "closes-channel", "the emulator ended unexpectedly: killed by signal 9 (Killed)" },
    { "lies", "the emulator broke the protocol" },
    { "sends-too-little", "the emulator broke the protocol" },
    { "stops-at-once", "the emulator shut its TPM down" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      start (cases[i].behaviour);
      expect_failed_start (cases[i].reason);
    }
}

/* What an emulator that has been offered can do, and what it is called.  */
static const struct
{
  const char *behaviour;
  const char *reason;
} betrayals[] = {
  { "fails-serving", "emulator: no TPM today??[31m?" },
  { "exits-serving", "the emulator ended unexpectedly: exit status 3" },
  { "crashes-serving", "killed by signal 10 (User defined signal 1)" },
  { "closes-channel-serving", "killed by signal 9 (Killed)" },
  { "lies-serving", "the emulator broke the protocol" },
  { "is-ready-twice", "the emulator is ready" },
};

#define BETRAYAL_COUNT (sizeof (betrayals) / sizeof (betrayals[0]))

static void
expect_failure_after_the_offer (const char *behaviour, const char *reason)
{
  start_and_wait (behaviour);
  send_command ();
  expect_failed_start (reason);
}

Test (supervisor, tells_the_hook_what_goes_wrong_after_the_offer)
{
  for (size_t i = 0; i < BETRAYAL_COUNT; i++)
    expect_failure_after_the_offer (betrayals[i].behaviour, betrayals[i].reason);
  expect_failure_after_the_offer ("stops-unasked", "the emulator shut its TPM down");
}

/* A new device may fare better.  */
Test (supervisor, tells_the_hook_that_the_device_was_dropped)
{
  start ("has-no-server");
  expect_message (VTPM_START_DEVICE_DROPPED, "the kernel dropped the device");
  expect_end (1);
  start_and_wait ("loses-server");
  send_command ();
  expect_message (VTPM_START_DEVICE_DROPPED, "the kernel dropped the device");
  expect_end (1);
}

Test (supervisor, cannot_run_an_emulator_that_is_not_there)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.emulator = "/nonexistent/emulator";
  start_with (&settings);
  expect_failed_start ("cannot open /nonexistent/emulator: No such file or directory");
}

Test (supervisor, fails_when_the_container_ends_first)
{
  start ("silent");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_failed_start ("the container ended");
}

Test (supervisor, fails_when_it_is_ended_first)
{
  start_and_wait ("ready");
  cr_assert_eq (kill (vtpm.supervisor, SIGTERM), 0);
  expect_failed_start ("a stop was asked for");
}

Test (supervisor, fails_when_it_is_stopped_first)
{
  start_and_wait ("ready");
  ask_to_stop ();
  expect_failed_start ("a stop was asked for");
}

Test (supervisor, leaves_a_directory_in_use_alone)
{
  _cleanup_close_ int dir_fd = -1;

  assert_success (vtpm_rundir_create (temp_dir, ID, &dir_fd, &error));
  assert_success (vtpm_rundir_write_record (dir_fd, RECORD, strlen (RECORD), &error));
  start ("ready");
  expect_message (VTPM_START_FAILED, "/" ID " is in use by another supervisor");
  expect_exit (1);
  expect_no_device ();
  check_record ();
}

Test (supervisor, needs_a_place_for_its_directory)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.run_dir = "/nonexistent";
  start_with (&settings);
  expect_failed_start ("cannot open /nonexistent");
}

Test (supervisor, needs_a_container_to_watch)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.container_pidfd = -1;
  start_with (&settings);
  expect_failed_start ("cannot make a descriptor to watch");
}

/* The container was gone before the supervisor came.  */
Test (supervisor, fails_for_a_container_that_is_dead)
{
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  cr_assert_eq (waitpid (vtpm.container, NULL, 0), vtpm.container);
  start ("silent");
  expect_failed_start ("the container ended");
}

/* A hook that goes without recording the vTPM leaves nothing.  */

Test (supervisor, ends_with_the_hook_before_the_offer)
{
  start ("silent");
  close (vtpm.hook);
  expect_end (1);
}

Test (supervisor, ends_with_the_hook_after_the_offer)
{
  start_and_wait ("ready");
  close (vtpm.hook);
  expect_end_in_order ();
}

Test (supervisor, takes_no_record_before_the_offer)
{
  start ("silent");
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, RECORD, &error));
  expect_failed_start ("");
}

Test (supervisor, takes_nothing_else_from_the_hook)
{
  static const uint32_t types[]
      = { VTPM_START_READY, VTPM_START_RECORDED, VTPM_EMULATOR_READY, VTPM_CONTROL_STOP, 0 };

  for (size_t i = 0; i < sizeof (types) / sizeof (types[0]); i++)
    {
      start_and_wait ("ready");
      assert_success (vtpm_channel_send (vtpm.hook, types[i], NULL, 0, &error));
      expect_end_in_order ();
      cr_assert_eq (unlink (temp_path ("ready")), 0);
    }
}

/* The hook is killed when it has sent the record, which nobody has read.  */
Test (supervisor, ends_with_the_hook_while_it_hands_over)
{
  start_and_wait ("ready");
  cr_assert_eq (kill (vtpm.supervisor, SIGSTOP), 0);
  cr_assert_eq (waitpid (vtpm.supervisor, NULL, WUNTRACED), vtpm.supervisor);
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, RECORD, &error));
  close (vtpm.hook);
  cr_assert_eq (kill (vtpm.supervisor, SIGCONT), 0);
  expect_end (1);
  expect_log ("cannot send a message");
}

Test (supervisor, takes_one_record)
{
  start_and_wait ("ready");
  hand_over ();
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, "{}", &error));
  expect_no_more_messages ();
  check_record ();
  expect_state ("serving");
  ask_to_stop ();
  expect_end_in_order ();
}

/* What an emulator can do to a container's TPM, and to its supervisor.  */

/* Whatever ends an emulator, another one goes on; the container keeps its
   device.  */
static void
expect_restart (const char *behaviour, const char *reason)
{
  start_serving (behaviour);
  for (int i = 1; i <= 3; i++)
    {
      send_command ();
      wait_for_restarts (i);
    }
  expect_log (reason);
  expect_log (": another emulator goes on with the TPM");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, survives_its_emulators)
{
  for (size_t i = 0; i < BETRAYAL_COUNT; i++)
    expect_restart (betrayals[i].behaviour, betrayals[i].reason);
  expect_restart ("stops-unasked", "the emulator shut its TPM down");
  expect_restart ("stops-unasked-and-stays", "the emulator shut its TPM down");
  expect_restart ("hangs-serving", "the emulator hangs");
  expect_restart ("spins-serving", "the emulator hangs");
  expect_restart ("commits-what-is-not-there",
                  "the emulator asks for a commit of 8 bytes of what is not kept");
}

Test (supervisor, survives_a_kill)
{
  start_serving ("ready");
  for (int i = 1; i <= 5; i++)
    {
      cr_assert_eq (kill (get_emulator_pid (), SIGKILL), 0);
      wait_for_restarts (i);
    }
  expect_log ("the emulator ended unexpectedly: killed by signal 9 (Killed): another emulator");
  ask_to_stop ();
  expect_end_in_order ();
}

/* It has taken no command, so nobody watches it.  */
Test (supervisor, does_not_let_its_emulator_be_stopped)
{
  start_serving ("ready");
  cr_assert_eq (kill (get_emulator_pid (), SIGSTOP), 0);
  wait_for_restarts (1);
  expect_log ("the emulator was stopped by a signal: another emulator");
  ask_to_stop ();
  expect_end_in_order ();
}

/* Its word that the TPM is shut down is enough, but not that it will go.  */
Test (supervisor, does_not_wait_for_an_emulator_that_has_stopped)
{
  start_serving ("stays-stopped");
  ask_to_stop ();
  expect_end_in_order ();
}

static void
start_with_few_restarts (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  settings.restarts_per_minute = 2;
  start_with (&settings);
  expect_message (VTPM_START_READY, "");
  hand_over ();
  close (vtpm.hook);
}

/* Kills emulators until there are no more.  */
static void
wear_out (void)
{
  for (int i = 1; i <= 2; i++)
    {
      cr_assert_eq (kill (get_emulator_pid (), SIGKILL), 0);
      wait_for_restarts (i);
    }
  cr_assert_eq (kill (get_emulator_pid (), SIGKILL), 0);
  wait_for_state ("failed");
}

/* The device stays, whatever it is good for.  */
Test (supervisor, ends_in_failure_mode)
{
  start_with_few_restarts ("ready");
  wear_out ();
  expect_log ("more than 2 emulators have died in a minute; the TPM answers TPM_RC_FAILURE until");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_end (1);
  expect_log ("the TPM was not shut down in order");
}

Test (supervisor, leaves_failure_mode_when_asked)
{
  struct vtpm_message answer;
  _cleanup_close_ int client = -1;

  start_with_few_restarts ("ready");
  client = connect_control ();
  assert_success (vtpm_channel_send (client, VTPM_CONTROL_RESUME, NULL, 0, &error));
  cr_assert_eq (vtpm_channel_receive (client, &answer, NULL), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (answer.type, VTPM_CONTROL_REFUSED);
  cr_expect_str_eq ((const char *) answer.payload, "the TPM is not in failure mode: it is serving");
  wear_out ();
  assert_success (vtpm_channel_send (client, VTPM_CONTROL_RESUME, NULL, 0, &error));
  cr_assert_eq (vtpm_channel_receive (client, &answer, NULL), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (answer.type, VTPM_CONTROL_RESUMING);
  wait_for_state ("serving");
  ask_to_stop ();
  expect_end_in_order ();
}

/* Kept state.  */

static struct vtpm_supervisor_settings
persistent_settings_for (const char *behaviour)
{
  static const struct vtpm_host_keys keys = { .count = 1, .key = { { 1, 2, 3 } } };
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  settings.persistent = true;
  settings.state_dir = temp_dir;
  assert_success (vtpm_instance_id_parse ("web", &settings.instance, &error));
  assert_success (vtpm_host_keys_to_fd (&keys, &settings.host_keys_fd, &error));
  if (!exists ("instances"))
    cr_assert_eq (mkdir (temp_path ("instances"), 0700), 0);
  return settings;
}

static void
start_persistent (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for (behaviour);

  start_with (&settings);
  close (settings.host_keys_fd);
  expect_message (VTPM_START_READY, "");
  hand_over ();
  close (vtpm.hook);
}

Test (supervisor, keeps_state)
{
  start_persistent ("commits");
  send_command ();
  send_command ();
  wait_for_log ("begins with \"\"\n");
  ask_to_stop ();
  expect_end_in_order ();
  expect_log ("emulator: committed\n");
  cr_assert_eq (unlink (temp_path ("commits")), 0);

  start_persistent ("commits");
  send_command ();
  wait_for_log ("begins with \"state 2\"\n");
  ask_to_stop ();
  expect_end_in_order ();
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
  close (settings.host_keys_fd);
  expect_message (VTPM_START_READY, "");
}

/* A start that fails takes along the instance that it has made, and no other.  */
Test (supervisor, leaves_no_instance_that_was_never_used)
{
  start_in_vain ();
  send_command ();
  wait_for_commits (1);
  close (vtpm.hook);
  expect_end_in_order ();
  cr_expect_not (exists ("instances/local"));
  cr_assert_eq (unlink (temp_path ("commits")), 0);

  start_persistent ("commits");
  send_command ();
  wait_for_commits (2);
  ask_to_stop ();
  expect_end_in_order ();
  cr_assert_eq (unlink (temp_path ("commits")), 0);

  start_in_vain ();
  close (vtpm.hook);
  expect_end_in_order ();
  cr_expect (exists ("instances/local/web/state"));
}

Test (supervisor, says_what_it_cannot_keep)
{
  start_persistent ("commits");
  send_command ();
  wait_for_log ("emulator: committed\n");
  cr_assert_eq (rename (temp_path ("instances/local/web/state"), temp_path ("kept")), 0);
  cr_assert_eq (mkdir (temp_path ("instances/local/web/state"), 0700), 0);
  send_command ();
  send_command ();
  wait_for_log ("emulator: not committed\n");
  expect_log ("what changes the TPM for good is answered with TPM_RC_NV_UNAVAILABLE\n");
  cr_assert_eq (rmdir (temp_path ("instances/local/web/state")), 0);
  cr_assert_eq (rename (temp_path ("kept"), temp_path ("instances/local/web/state")), 0);
  send_command ();
  wait_for_log ("info: the TPM's state can be written again\n");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, restarts_an_emulator_that_commits_nonsense)
{
  start_persistent ("commits-what-is-not-there");
  send_command ();
  wait_for_restarts (1);
  expect_log ("the journal has no permanent state 77");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, fails_when_its_instance_is_in_use)
{
  struct vtpm_supervisor_settings settings = persistent_settings_for ("silent");
  struct vtpm_host_keys keys = { .count = 1 };
  const struct vtpm_store_settings taken = {
    .state_dir = temp_dir,
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

Test (supervisor, fails_when_the_first_state_cannot_be_kept)
{
  static const char *const dirs[]
      = { "instances", "instances/local", "instances/local/web", "instances/local/web/state.new" };
  struct vtpm_supervisor_settings settings;

  for (size_t i = 0; i < sizeof (dirs) / sizeof (dirs[0]); i++)
    cr_assert_eq (mkdir (temp_path (dirs[i]), 0700), 0);
  settings = persistent_settings_for ("commits-starting");
  start_with (&settings);
  expect_failed_start ("/instances/local/web/state.new: Is a directory");
}

Test (supervisor, reports_a_loss_while_it_stops)
{
  static const struct
  {
    const char *behaviour;
    const char *reason;
  } cases[] = {
    { "fails-stopping", "emulator: no TPM today??[31m?" },
    { "exits-stopping", "the emulator ended unexpectedly: exit status 3" },
    { "crashes-stopping", "killed by signal 10 (User defined signal 1)" },
    { "lies-stopping", "the emulator broke the protocol" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      start_serving (cases[i].behaviour);
      cr_assert_eq (kill (vtpm.supervisor, SIGTERM), 0);
      expect_end (1);
      expect_log ("error: ended without an orderly shutdown of the TPM");
      expect_log (cases[i].reason);
    }
}

/* The emulator dies, but somebody still holds its end of the channel.  */
Test (supervisor, does_not_wait_for_an_emulators_child)
{
  start_serving ("leaves-a-child");
  send_command ();
  wait_for_restarts (1);
  expect_log ("the emulator ended unexpectedly: exit status 3");
  ask_to_stop ();
  expect_end_in_order ();
}

static void
start_impatiently (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  settings.stop_timeout = 1;
  start_with (&settings);
  expect_message (VTPM_START_READY, "");
  hand_over ();
  close (vtpm.hook);
}

static void
expect_end_by_timeout (void)
{
  expect_end (1);
  expect_log ("the emulator did not shut its TPM down in time: the TPM was not shut down in order");
}

Test (supervisor, kills_an_emulator_that_ignores_its_stop)
{
  start_impatiently ("ignores-stop");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_end_by_timeout ();
}

/* A flood of log lines keeps the supervisor from nothing.  */
Test (supervisor, is_not_held_up_by_a_flood)
{
  start_impatiently ("floods-log");
  send_command ();
  expect_state ("serving");
  ask_to_stop ();
  expect_end_by_timeout ();
}

/* A container that ends again, a second request, a stop in a stop.  */
Test (supervisor, is_asked_more_than_once)
{
  _cleanup_close_ int client = -1;

  start_impatiently ("ignores-stop");
  client = connect_control ();
  cr_assert_eq (kill (vtpm.supervisor, SIGTERM), 0);
  assert_success (vtpm_channel_send (client, VTPM_CONTROL_STOP, NULL, 0, &error));
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  assert_success (vtpm_control_stop (client, vtpm_deadline_after_seconds (60), &error));
  expect_end_by_timeout ();
}

Test (supervisor, logs_what_its_emulator_logs)
{
  char longest[VTPM_LOG_LINE_MAX];

  start_serving ("logs");
  send_command ();
  ask_to_stop ();
  expect_end_in_order ();
  expect_log ("debug: emulator: of no level\n");
  expect_log ("warning: emulator: two?lines ?[2J??%s%n\n");
  expect_log ("error: emulator: \n");
  expect_log ("info: emulator: the last line\n");
  snprintf (longest, sizeof (longest), "info: emulator: %*s\n", VTPM_LOG_LINE_MAX / 2 - 1, "");
  for (char *blank = longest + strlen ("info: emulator: "); *blank == ' '; blank++)
    *blank = 'x';
  expect_log (longest);
}

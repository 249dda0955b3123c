/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "channel.h"
#include "control_client.h"
#include "expect_error.h"
#include "json.h"
#include "protocol.h"
#include "temp_dir.h"

#define LOG_MAX (1 << 20)

struct vtpm_under_test vtpm;

/* The supervisor's log, and last the error it returned.  */
static int log_fd;

const struct betrayal betrayals[BETRAYAL_COUNT] = {
  { "fails-serving", "emulator: no TPM today??[31m?" },
  { "exits-serving", "the emulator ended unexpectedly: exit status 3" },
  { "crashes-serving", "killed by signal 10 (User defined signal 1)" },
  { "closes-channel-serving", "killed by signal 9 (Killed)" },
  { "lies-serving", "the emulator broke the protocol" },
  { "is-ready-twice", "the emulator is ready" },
  { "shows-late", "the emulator shows a certificate of 100 bytes" },
};

/* Most of a flood is not worth keeping.  */
static void
write_log (enum vtpm_log_level level, const char *line, void *context)
{
  static int floods;
  char text[VTPM_LOG_LINE_MAX + 16];
  int length = snprintf (text, sizeof (text), "%s: %s\n", vtpm_log_level_name (level), line);

  (void) context;
  if (strcmp (line, "emulator: flood") != 0 || floods++ < 3)
    if (write (log_fd, text, (size_t) length) < 0)
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

void
set_up_supervisor (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_temp_dir ();
  vtpm.dir = temp_dir;
  log_fd = memfd_create ("log", MFD_CLOEXEC);
  start_container ();
}

void
tear_down_supervisor (void)
{
  syscall (SYS_pidfd_send_signal, vtpm.container_pidfd, SIGKILL, NULL, 0);
  remove_temp_dir ();
}

const char *
path_of (const char *name)
{
  return temp_path (name);
}

bool
exists (const char *name)
{
  return access (temp_path (name), F_OK) == 0;
}

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

void
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
  vtpm_cleanup_close (&settings->host_keys_fd);
}

struct vtpm_supervisor_settings
settings_for (const char *behaviour)
{
  const struct vtpm_supervisor_settings settings = {
    .container_id = ID,
    .container_pid = vtpm.container,
    .run_dir = temp_dir,
    .emulator = temp_path (behaviour),
    .driver = "vtpmx",
    .version = VTPM_TPM_2_0,
    .stop_timeout = 3600,
    .restarts_per_minute = 1000,
    .log_level = VTPM_LOG_DEBUG,
    .container_pidfd = vtpm.container_pidfd,
    .seed_fd = -1,
    .host_keys_fd = -1,
  };

  cr_assert_eq (symlink (FAKE_EMULATOR, settings.emulator), 0);
  return settings;
}

void
start (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  start_with (&settings);
}

void
expect_message (uint32_t type, const char *text)
{
  struct vtpm_message message;

  cr_assert_eq (vtpm_channel_receive (vtpm.hook, &message, NULL), VTPM_RECEIVE_MESSAGE);
  cr_assert_eq (message.type, type, "message 0x%x: %s", message.type, message.payload);
  cr_expect_not_null (strstr ((const char *) message.payload, text), "\"%s\" without \"%s\"",
                      message.payload, text);
}

void
expect_no_more_messages (void)
{
  struct vtpm_message message;

  cr_expect_eq (vtpm_channel_receive (vtpm.hook, &message, NULL), VTPM_RECEIVE_CLOSED);
}

void
start_and_wait (const char *behaviour)
{
  start (behaviour);
  expect_message (VTPM_START_READY, "");
}

void
hand_over (void)
{
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, RECORD, &error));
  expect_message (VTPM_START_RECORDED, "");
}

void
serve_with (struct vtpm_supervisor_settings *settings)
{
  start_with (settings);
  expect_message (VTPM_START_READY, "");
  hand_over ();
  close (vtpm.hook);
}

void
start_serving (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  serve_with (&settings);
}

void
send_command (void)
{
  cr_assert_eq (write (vtpm.server, "command", 7), 7);
}

const char *
log_text (void)
{
  static char text[LOG_MAX];
  ssize_t size = pread (log_fd, text, sizeof (text) - 1, 0);

  cr_assert_geq (size, 0);
  text[size] = '\0';
  return text;
}

void
expect_log (const char *expected)
{
  cr_expect_not_null (strstr (log_text (), expected), "no \"%s\" in:\n%s", expected, log_text ());
}

void
expect_record (void)
{
  char text[64] = "";
  _cleanup_close_ int fd = open (temp_path (ID "/vtpm.json"), O_RDONLY | O_CLOEXEC);

  cr_assert_geq (fd, 0);
  cr_assert_geq (read (fd, text, sizeof (text) - 1), 0);
  cr_expect_str_eq (text, RECORD);
}

void
expect_no_device (void)
{
  struct vtpm_message message;

  cr_expect_eq (vtpm_channel_receive (vtpm.server, &message, NULL), VTPM_RECEIVE_CLOSED);
}

void
expect_exit (int expected)
{
  int status;

  cr_assert_eq (waitpid (vtpm.supervisor, &status, 0), vtpm.supervisor);
  cr_expect (WIFEXITED (status) && WEXITSTATUS (status) == expected, "wait status 0x%x, log:\n%s",
             status, log_text ());
}

void
expect_end (int status)
{
  expect_exit (status);
  expect_no_device ();
  cr_expect_not (exists (ID));
  cr_expect_not (exists ("~" ID));
}

void
expect_end_in_order (void)
{
  expect_end (0);
  expect_log ("info: the TPM is shut down\n");
}

void
expect_failed_start (const char *reason)
{
  expect_message (VTPM_START_FAILED, reason);
  expect_no_more_messages ();
  expect_end (1);
  expect_log (reason);
}

int
connect_control (void)
{
  int fd = -1;

  assert_success (
      vtpm_control_connect (temp_dir, ID, vtpm_deadline_after_seconds (60), &fd, &error));
  return fd;
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

pid_t
get_emulator_pid (void)
{
  return (pid_t) get_number ("emulatorPid");
}

void
wait_for_restarts (int expected)
{
  while (get_number ("emulatorRestarts") < expected)
    sched_yield ();
  cr_expect_eq (get_number ("emulatorRestarts"), expected);
}

void
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

void
wait_for_log (const char *expected)
{
  while (strstr (log_text (), expected) == NULL)
    sched_yield ();
}

void
ask_to_stop (void)
{
  _cleanup_close_ int fd = connect_control ();

  assert_success (vtpm_control_stop (fd, vtpm_deadline_after_seconds (60), &error));
  cr_expect_not (exists (ID), "the connection ends after everything else");
}

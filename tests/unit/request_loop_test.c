/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "request_loop.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "channel.h"
#include "protocol.h"
#include "tpm_commands.h"

/* A TPM 1.2 generates an RSA key when it is made; a sanitizer slows that
   down.  Only a broken loop waits this long.  */
#define PATIENCE_SECONDS 60

/* The loop runs in a child; a socket pair stands for the device pair.  */
struct emulator
{
  pid_t pid;
  int server; /* our ends */
  int channel;
};

static void
be_patient (int fd)
{
  const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };

  cr_assert_eq (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof (patience)), 0);
}

/* The child's whole life.  Errors go to the parent, as in the real program.  */
static void
run_child (const struct vtpm_request_loop_settings *settings)
{
  struct vtpm_error *error = NULL;
  struct vtpm_request_loop *loop = NULL;
  int result;

  signal (SIGPIPE, SIG_IGN);
  if (settings->journal == NULL)
    result = vtpm_request_loop_fail (settings, &error);
  else
    {
      result = vtpm_request_loop_open (settings, &loop, &error);
      if (result == 0)
        result = vtpm_request_loop_run (loop, &error);
    }
  if (result < 0)
    vtpm_channel_send_text (settings->channel_fd, VTPM_EMULATOR_FAILED,
                            vtpm_error_message (error), NULL);
  _exit (result < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static struct vtpm_journal *
make_journal (void)
{
  struct vtpm_journal *journal;
  _cleanup_close_ int fd = -1;

  cr_assert_eq (vtpm_journal_create (&fd, NULL), 0);
  cr_assert_eq (vtpm_journal_map (fd, &journal, NULL), 0);
  /* As if somebody watched: one message less to expect.  */
  vtpm_journal_set_watched (journal, true);
  return journal;
}

/* SETTINGS' server side is for the child; the caller's end of it is
   OUR_SERVER_FD.  */
static struct emulator
start_with (struct vtpm_request_loop_settings *settings, int our_server_fd)
{
  struct emulator emulator = { .server = our_server_fd };
  int channel[2];

  signal (SIGPIPE, SIG_IGN);
  cr_assert_eq (vtpm_channel_pair (channel, NULL), 0);
  emulator.pid = fork ();
  cr_assert_geq (emulator.pid, 0);
  if (emulator.pid == 0)
    {
      close (channel[0]);
      if (our_server_fd >= 0)
        close (our_server_fd);
      settings->channel_fd = channel[1];
      run_child (settings);
    }
  close (channel[1]);
  close (settings->server_fd);
  emulator.channel = channel[0];
  be_patient (emulator.channel);
  return emulator;
}

static struct emulator
start_on (enum vtpm_tpm_version version, int server_fd, int our_server_fd)
{
  struct vtpm_request_loop_settings settings
      = { .version = version, .server_fd = server_fd, .journal = make_journal () };
  struct emulator emulator = start_with (&settings, our_server_fd);

  vtpm_journal_unmap (settings.journal);
  return emulator;
}

static struct emulator
start (enum vtpm_tpm_version version)
{
  int server[2];

  cr_assert_eq (vtpm_channel_pair (server, NULL), 0);
  be_patient (server[0]);
  return start_on (version, server[1], server[0]);
}

/* Waits for the child and returns its exit status.  */
static int
end (struct emulator *emulator)
{
  int status;

  cr_assert_eq (waitpid (emulator->pid, &status, 0), emulator->pid);
  cr_assert (WIFEXITED (status), "wait status 0x%x", status);
  close (emulator->channel);
  if (emulator->server >= 0)
    close (emulator->server);
  return WEXITSTATUS (status);
}

static void
expect_message (const struct emulator *emulator, uint32_t type)
{
  struct vtpm_message message;

  cr_assert_eq (vtpm_channel_receive (emulator->channel, &message, NULL), VTPM_RECEIVE_MESSAGE);
  cr_assert_eq (message.type, type, "message 0x%x: %s", message.type, message.payload);
}

static void
expect_failure (struct emulator *emulator, const char *text)
{
  struct vtpm_message message;

  cr_assert_eq (vtpm_channel_receive (emulator->channel, &message, NULL), VTPM_RECEIVE_MESSAGE);
  cr_assert_eq (message.type, VTPM_EMULATOR_FAILED);
  cr_expect_not_null (strstr ((const char *) message.payload, text), "%s", message.payload);
  cr_expect_eq (end (emulator), EXIT_FAILURE);
}

static void
stop (struct emulator *emulator)
{
  cr_assert_eq (vtpm_channel_send (emulator->channel, VTPM_EMULATOR_STOP, NULL, 0, NULL), 0);
  expect_message (emulator, VTPM_EMULATOR_STOPPED);
  cr_assert_eq (end (emulator), EXIT_SUCCESS);
}

static uint32_t
exchange_bytes (const struct emulator *emulator, const uint8_t *command, size_t size,
                uint8_t response[VTPM_TPM_MESSAGE_MAX], size_t *response_size)
{
  ssize_t got;

  cr_assert_eq (write (emulator->server, command, size), (ssize_t) size);
  got = read (emulator->server, response, VTPM_TPM_MESSAGE_MAX);
  cr_assert_gt (got, 0);
  *response_size = (size_t) got;
  return tpm_response_code (response, *response_size);
}

static uint32_t
exchange (const struct emulator *emulator, const char *text,
          uint8_t response[VTPM_TPM_MESSAGE_MAX], size_t *response_size)
{
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t size = tpm_command_bytes (text, command);

  return exchange_bytes (emulator, command, size, response, response_size);
}

static uint32_t
exchange_for_code (const struct emulator *emulator, const char *text)
{
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  size_t size;

  return exchange (emulator, text, response, &size);
}

static uint32_t
set_locality (const struct emulator *emulator, enum vtpm_tpm_version version, uint8_t locality)
{
  uint8_t command[VTPM_TPM_HEADER_SIZE + 1];
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  size_t size = tpm_command_bytes (tpm_commands[version].set_locality, command);
  uint32_t code;

  command[size] = locality;
  code = exchange_bytes (emulator, command, size + 1, response, &size);
  cr_assert_eq (response[0], version == VTPM_TPM_2_0 ? 0x80 : 0x00);
  cr_assert_eq (response[1], version == VTPM_TPM_2_0 ? 0x01 : 0xc4);
  return code;
}

static void
check_commands (enum vtpm_tpm_version version)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  struct emulator emulator = start (version);
  uint8_t before[VTPM_TPM_MESSAGE_MAX], after[VTPM_TPM_MESSAGE_MAX];
  size_t before_size, after_size;

  cr_expect_eq (exchange_for_code (&emulator, commands->get_capability), 0);
  cr_expect_eq (exchange_for_code (&emulator, commands->get_random), 0);
  cr_expect_eq (exchange (&emulator, commands->read_pcr_10, before, &before_size), 0);
  cr_expect_eq (exchange_for_code (&emulator, commands->extend_pcr_10), 0);
  cr_expect_eq (exchange (&emulator, commands->read_pcr_10, after, &after_size), 0);
  cr_assert_eq (before_size, after_size);
  cr_expect_arr_neq (before, after, before_size);
  stop (&emulator);
}

Test (request_loop, answers_commands_2_0)
{
  check_commands (VTPM_TPM_2_0);
}

Test (request_loop, answers_commands_1_2)
{
  check_commands (VTPM_TPM_1_2);
}

static void
check_locality (enum vtpm_tpm_version version)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  struct emulator emulator = start (version);

  cr_expect_eq (exchange_for_code (&emulator, commands->extend_pcr_17), commands->wrong_locality);
  cr_expect_eq (set_locality (&emulator, version, 3), 0);
  cr_expect_eq (exchange_for_code (&emulator, commands->extend_pcr_17), 0);
  cr_expect_eq (set_locality (&emulator, version, 5), commands->wrong_locality);
  cr_expect_eq (set_locality (&emulator, version, 255), commands->wrong_locality);
  cr_expect_eq (exchange_for_code (&emulator, commands->extend_pcr_17), 0,
                "a refused locality changed the old one");
  for (uint8_t locality = 0; locality <= 4; locality++)
    cr_expect_eq (set_locality (&emulator, version, locality), 0, "%u", locality);
  cr_expect_eq (set_locality (&emulator, version, 0), 0);
  cr_expect_eq (exchange_for_code (&emulator, commands->extend_pcr_17), commands->wrong_locality);
  stop (&emulator);
}

Test (request_loop, sets_the_locality_2_0)
{
  check_locality (VTPM_TPM_2_0);
}

Test (request_loop, sets_the_locality_1_2)
{
  check_locality (VTPM_TPM_1_2);
}

static void
check_malformed (enum vtpm_tpm_version version)
{
  static const size_t too_large[] = { VTPM_TPM_MESSAGE_MAX + 1, VTPM_TPM_MESSAGE_MAX + 2, 60000 };
  static uint8_t command[60000];
  const struct tpm_commands *commands = &tpm_commands[version];
  struct emulator emulator = start (version);
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  size_t size, length = tpm_command_bytes (commands->get_random, command);

  for (size_t i = 1; i < length; i++)
    cr_expect_neq (exchange_bytes (&emulator, command, i, response, &size), 0, "%zu bytes", i);
  command[5]++;
  cr_expect_eq (exchange_bytes (&emulator, command, length, response, &size),
                commands->wrong_size);
  for (size_t i = 0; i < sizeof (too_large) / sizeof (too_large[0]); i++)
    {
      struct vtpm_tpm_header header;

      vtpm_tpm_header_read (command, length, &header);
      header.size = (uint32_t) too_large[i];
      vtpm_tpm_header_write (&header, command);
      cr_expect_eq (exchange_bytes (&emulator, command, too_large[i], response, &size),
                    commands->wrong_size, "%zu bytes", too_large[i]);
    }
  cr_expect_eq (exchange_for_code (&emulator, commands->get_random), 0, "it still works");
  stop (&emulator);
}

Test (request_loop, survives_malformed_commands_2_0)
{
  check_malformed (VTPM_TPM_2_0);
}

Test (request_loop, survives_malformed_commands_1_2)
{
  check_malformed (VTPM_TPM_1_2);
}

/* The supervisor has died, or its channel is broken: the loop ends in order
   although the device is still there.  */
Test (request_loop, ends_with_the_channel)
{
  struct emulator emulator = start (VTPM_TPM_2_0);

  cr_assert_eq (exchange_for_code (&emulator, tpm_commands[VTPM_TPM_2_0].get_random), 0);
  cr_assert_eq (shutdown (emulator.channel, SHUT_RDWR), 0);
  cr_assert_eq (end (&emulator), EXIT_SUCCESS);
}

Test (request_loop, stops_while_commands_wait)
{
  struct emulator emulator = start (VTPM_TPM_2_0);
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t size = tpm_command_bytes (tpm_commands[VTPM_TPM_2_0].get_random, command);

  for (int i = 0; i < 20; i++)
    cr_assert_eq (write (emulator.server, command, size), (ssize_t) size);
  stop (&emulator);
}

Test (request_loop, reports_once_that_the_server_is_gone)
{
  struct emulator emulator = start (VTPM_TPM_2_0);

  close (emulator.server);
  emulator.server = -1;
  expect_message (&emulator, VTPM_EMULATOR_SERVER_GONE);
  stop (&emulator);
}

/* The device goes between the command and the response.  */
Test (request_loop, survives_the_loss_of_the_server_while_it_answers)
{
  struct emulator emulator = start (VTPM_TPM_2_0);
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t size = tpm_command_bytes (tpm_commands[VTPM_TPM_2_0].get_random, command);

  cr_assert_eq (write (emulator.server, command, size), (ssize_t) size);
  close (emulator.server);
  emulator.server = -1;
  expect_message (&emulator, VTPM_EMULATOR_SERVER_GONE);
  stop (&emulator);
}

Test (request_loop, ends_with_the_channel_after_the_server)
{
  struct emulator emulator = start (VTPM_TPM_2_0);

  close (emulator.server);
  emulator.server = -1;
  expect_message (&emulator, VTPM_EMULATOR_SERVER_GONE);
  cr_assert_eq (shutdown (emulator.channel, SHUT_RDWR), 0);
  cr_assert_eq (end (&emulator), EXIT_SUCCESS);
}

Test (request_loop, refuses_unknown_messages)
{
  static const uint32_t types[] = { 0, VTPM_EMULATOR_READY, VTPM_EMULATOR_STOPPED,
                                    VTPM_CONTROL_STOP, UINT32_MAX };

  for (size_t i = 0; i < sizeof (types) / sizeof (types[0]); i++)
    {
      struct emulator emulator = start (VTPM_TPM_2_0);

      cr_assert_eq (vtpm_channel_send (emulator.channel, types[i], NULL, 0, NULL), 0);
      expect_failure (&emulator, "from the supervisor");
    }
}

Test (request_loop, refuses_a_stop_with_payload)
{
  struct emulator emulator = start (VTPM_TPM_2_0);

  cr_assert_eq (vtpm_channel_send_text (emulator.channel, VTPM_EMULATOR_STOP, "now", NULL), 0);
  expect_failure (&emulator, "with 3 bytes from the supervisor");
}

Test (request_loop, refuses_a_message_without_a_type)
{
  struct emulator emulator = start (VTPM_TPM_2_0);

  cr_assert_eq (write (emulator.channel, "\x04\x02", 2), 2);
  expect_failure (&emulator, "a message of 2 bytes");
}

/* /proc/self/mem is the one file on which read(2) works and write(2) then fails
   with EIO, as on the vTPM proxy when nobody waits for the response any more:
   its position stands at the end of a page that no other follows.  The loop
   takes the page for a command, survives the write, and only then fails on the
   read.  */
Test (request_loop, survives_a_response_nobody_waits_for)
{
  long page_size = sysconf (_SC_PAGESIZE);
  uint8_t *pages = mmap (NULL, (size_t) page_size * 2, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int memory = open ("/proc/self/mem", O_RDWR | O_CLOEXEC);
  struct emulator emulator;

  cr_assert_neq (pages, MAP_FAILED);
  cr_assert_geq (memory, 0);
  cr_assert_eq (munmap (pages + page_size, (size_t) page_size), 0);
  cr_assert_geq (lseek (memory, (off_t) (uintptr_t) pages, SEEK_SET), 0);
  emulator = start_on (VTPM_TPM_2_0, memory, -1);
  expect_failure (&emulator, "cannot read a command: Input/output error");
}

/* Any other failure to respond is fatal: a lost response must not be silent.  */
Test (request_loop, fails_when_it_cannot_respond)
{
  char name[] = "/tmp/request_loop_test.XXXXXX";
  int writable = mkstemp (name);
  int readable = open (name, O_RDONLY | O_CLOEXEC);
  struct emulator emulator;

  cr_assert_eq (write (writable, "command", 7), 7);
  cr_assert_eq (unlink (name), 0);
  close (writable);
  emulator = start_on (VTPM_TPM_2_0, readable, -1);
  expect_failure (&emulator, "cannot write a response of 10 bytes");
}

/* Failure mode.  */

static void
check_failure_mode (enum vtpm_tpm_version version, uint32_t failure)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  struct vtpm_request_loop_settings settings = { .version = version, .refuse = 1 };
  struct emulator emulator;
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  int server[2];

  cr_assert_eq (vtpm_channel_pair (server, NULL), 0);
  be_patient (server[0]);
  settings.server_fd = server[1];
  emulator = start_with (&settings, server[0]);
  cr_assert_eq (read (emulator.server, response, sizeof (response)), VTPM_TPM_HEADER_SIZE);
  cr_expect_eq (tpm_response_code (response, VTPM_TPM_HEADER_SIZE), failure,
                "whoever waits is answered");
  cr_expect_eq (exchange_for_code (&emulator, commands->get_random), failure);
  cr_expect_eq (set_locality (&emulator, version, 0), 0, "the kernel goes on");
  cr_expect_eq (exchange_for_code (&emulator, "00"), failure);
  stop (&emulator);
}

Test (request_loop, fails_every_command_2_0)
{
  check_failure_mode (VTPM_TPM_2_0, 0x101);
}

Test (request_loop, fails_every_command_1_2)
{
  check_failure_mode (VTPM_TPM_1_2, 0x9);
}

/* What nobody waits for could be taken for the answer to the next command.  */
Test (request_loop, fails_no_command_that_there_is_not)
{
  struct vtpm_request_loop_settings settings = { .version = VTPM_TPM_2_0 };
  struct emulator emulator;
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  int server[2];

  cr_assert_eq (vtpm_channel_pair (server, NULL), 0);
  be_patient (server[0]);
  settings.server_fd = server[1];
  emulator = start_with (&settings, server[0]);
  cr_expect_eq (exchange_for_code (&emulator, tpm_commands[VTPM_TPM_2_0].get_random), 0x101);
  cr_expect_eq (recv (emulator.server, response, sizeof (response), MSG_DONTWAIT), -1,
                "one response");
  stop (&emulator);
}

/* With a supervisor that commits.  */

static const char define_nv[] = "8002" "0000002d" "0000012a" "40000001" PASSWORD_AUTH "0000"
                                "000e" "01500020" "000b" "00020002" "0000" "0008";

static void
answer_commit (const struct emulator *emulator, uint32_t answer)
{
  expect_message (emulator, VTPM_EMULATOR_COMMIT);
  cr_assert_eq (vtpm_channel_send (emulator->channel, answer, NULL, 0, NULL), 0);
}

static struct emulator
start_persistent (void)
{
  struct vtpm_request_loop_settings settings
      = { .version = VTPM_TPM_2_0, .journal = make_journal (), .persistent = true };
  struct emulator emulator;
  int server[2];

  cr_assert_eq (vtpm_channel_pair (server, NULL), 0);
  be_patient (server[0]);
  settings.server_fd = server[1];
  emulator = start_with (&settings, server[0]);
  vtpm_journal_unmap (settings.journal);
  answer_commit (&emulator, VTPM_EMULATOR_COMMITTED);
  return emulator;
}

static void
send_command (const struct emulator *emulator, const char *text)
{
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t size = tpm_command_bytes (text, command);

  cr_assert_eq (write (emulator->server, command, size), (ssize_t) size);
}

static uint32_t
receive_code (const struct emulator *emulator)
{
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  ssize_t size = read (emulator->server, response, sizeof (response));

  cr_assert_gt (size, 0);
  return tpm_response_code (response, (size_t) size);
}

static void
stop_persistent (struct emulator *emulator)
{
  cr_assert_eq (vtpm_channel_send (emulator->channel, VTPM_EMULATOR_STOP, NULL, 0, NULL), 0);
  answer_commit (emulator, VTPM_EMULATOR_COMMITTED);
  expect_message (emulator, VTPM_EMULATOR_STOPPED);
  cr_assert_eq (end (emulator), EXIT_SUCCESS);
}

Test (request_loop, asks_for_a_commit_before_it_answers)
{
  struct emulator emulator = start_persistent ();
  uint8_t response[VTPM_TPM_MESSAGE_MAX];

  send_command (&emulator, define_nv);
  expect_message (&emulator, VTPM_EMULATOR_COMMIT);
  cr_expect_eq (recv (emulator.server, response, sizeof (response), MSG_DONTWAIT), -1,
                "answered before it was committed");
  cr_assert_eq (vtpm_channel_send (emulator.channel, VTPM_EMULATOR_COMMITTED, NULL, 0, NULL), 0);
  cr_expect_eq (receive_code (&emulator), 0);
  stop_persistent (&emulator);
}

Test (request_loop, refuses_what_cannot_be_committed)
{
  struct emulator emulator = start_persistent ();

  send_command (&emulator, define_nv);
  answer_commit (&emulator, VTPM_EMULATOR_NOT_COMMITTED);
  cr_expect_eq (receive_code (&emulator), 0x923);
  send_command (&emulator, define_nv);
  answer_commit (&emulator, VTPM_EMULATOR_COMMITTED);
  cr_expect_eq (receive_code (&emulator), 0);
  stop_persistent (&emulator);
}

/* The command is finished first.  */
Test (request_loop, is_stopped_while_it_waits_for_a_commit)
{
  struct emulator emulator = start_persistent ();

  send_command (&emulator, define_nv);
  expect_message (&emulator, VTPM_EMULATOR_COMMIT);
  cr_assert_eq (vtpm_channel_send (emulator.channel, VTPM_EMULATOR_STOP, NULL, 0, NULL), 0);
  cr_assert_eq (vtpm_channel_send (emulator.channel, VTPM_EMULATOR_COMMITTED, NULL, 0, NULL), 0);
  cr_expect_eq (receive_code (&emulator), 0);
  answer_commit (&emulator, VTPM_EMULATOR_COMMITTED);
  expect_message (&emulator, VTPM_EMULATOR_STOPPED);
  cr_assert_eq (end (&emulator), EXIT_SUCCESS);
}

Test (request_loop, answers_nothing_that_nobody_can_commit)
{
  struct emulator emulator = start_persistent ();
  uint8_t response[VTPM_TPM_MESSAGE_MAX];

  send_command (&emulator, define_nv);
  expect_message (&emulator, VTPM_EMULATOR_COMMIT);
  cr_assert_eq (shutdown (emulator.channel, SHUT_RDWR), 0);
  cr_expect_leq (read (emulator.server, response, sizeof (response)), 0, "it was answered");
  cr_assert_eq (end (&emulator), EXIT_SUCCESS);
}

Test (request_loop, takes_no_other_answer_for_a_commit)
{
  struct emulator emulator = start_persistent ();

  send_command (&emulator, define_nv);
  expect_message (&emulator, VTPM_EMULATOR_COMMIT);
  cr_assert_eq (vtpm_channel_send (emulator.channel, VTPM_EMULATOR_READY, NULL, 0, NULL), 0);
  expect_failure (&emulator, "from the supervisor");
}

Test (request_loop, says_when_nobody_watches)
{
  struct vtpm_request_loop_settings settings
      = { .version = VTPM_TPM_2_0, .journal = make_journal () };
  struct emulator emulator;
  int server[2];

  cr_assert_eq (vtpm_channel_pair (server, NULL), 0);
  be_patient (server[0]);
  settings.server_fd = server[1];
  vtpm_journal_set_watched (settings.journal, false);
  emulator = start_with (&settings, server[0]);
  cr_expect_eq (exchange_for_code (&emulator, tpm_commands[VTPM_TPM_2_0].get_random), 0);
  expect_message (&emulator, VTPM_EMULATOR_BUSY);
  vtpm_journal_set_watched (settings.journal, true);
  cr_expect_eq (exchange_for_code (&emulator, tpm_commands[VTPM_TPM_2_0].get_random), 0);
  stop (&emulator);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "client_device.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>

#include "tpm_header.h"

#define TWO_MINUTES 120000

static const uint8_t get_random[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8 };
static const uint8_t self_test[] = { 0x80, 1, 0, 0, 0, 11, 0, 0, 1, 0x43, 1 };
static const uint8_t success[] = { 0x80, 1, 0, 0, 0, 14, 0, 0, 0, 0, 0, 2, 0xaa, 0xbb };
static const uint8_t other[] = { 0x80, 1, 0, 0, 0, 11, 0, 0, 0, 0, 0xcc };
static const uint8_t retry[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 9, 0x22 };
static const uint8_t testing[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 9, 0x0a };

/* What the device has asked of us.  */
static struct
{
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t command_size;
  unsigned int submitted;
  struct vtpm_client_waiter *ended;
  ssize_t result;
  unsigned int wakes;
  int64_t now;
} seen;

static void
submit (void *context, const uint8_t *command, size_t size)
{
  cr_expect_eq (context, &seen);
  memcpy (seen.command, command, size);
  seen.command_size = size;
  seen.submitted++;
}

static void
end_write (void *context, struct vtpm_client_waiter *waiter, ssize_t result)
{
  (void) context;
  cr_expect_null (seen.ended, "one end each");
  seen.ended = waiter;
  seen.result = result;
}

static void
wake (void *context)
{
  (void) context;
  seen.wakes++;
}

static int64_t
get_now (void *context)
{
  (void) context;
  return seen.now;
}

static const struct vtpm_client_device_ops ops = { submit, end_write, wake, get_now };

static struct vtpm_client_waiter *const waiter = (struct vtpm_client_waiter *) &seen.now;
static struct vtpm_client_device *device;
static struct vtpm_client_file *file;

static void
open_device_of (enum vtpm_tpm_version version)
{
  device = vtpm_client_device_new (version, &ops, &seen);
  cr_assert_not_null (device);
  cr_assert_eq (vtpm_client_file_open (device, &file), 0);
}

static void
open_device (void)
{
  open_device_of (VTPM_TPM_2_0);
}

static void
close_device (void)
{
  vtpm_client_device_free (device);
}

TestSuite (client_device, .init = open_device, .fini = close_device);

static ssize_t
write_blocking (const void *data, size_t size)
{
  return vtpm_client_file_write (file, data, size, false, waiter);
}

static ssize_t
write_nonblocking (const void *data, size_t size)
{
  return vtpm_client_file_write (file, data, size, true, waiter);
}

static void
expect_read (size_t size, const void *expected, ssize_t expected_size)
{
  const uint8_t *data = NULL;
  ssize_t got = vtpm_client_file_read (file, size, &data);

  cr_assert_eq (got, expected_size, "read %zd, not %zd", got, expected_size);
  if (got > 0)
    cr_expect_arr_eq (data, expected, (size_t) got);
}

static void
answer (const uint8_t *response, size_t size)
{
  vtpm_client_device_answer (device, response, size);
}

Test (client_device, ends_a_write_with_the_answer)
{
  cr_expect_eq (write_blocking (get_random, sizeof (get_random)), VTPM_CLIENT_WRITE_WAITS);
  cr_expect_eq (seen.submitted, 1);
  cr_expect_eq (seen.command_size, sizeof (get_random));
  cr_expect_arr_eq (seen.command, get_random, sizeof (get_random));
  cr_expect_null (seen.ended);

  answer (success, sizeof (success));
  cr_expect_eq (seen.ended, waiter);
  cr_expect_eq (seen.result, (ssize_t) sizeof (get_random));
  expect_read (4096, success, sizeof (success));
  expect_read (4096, NULL, 0);
}

Test (client_device, ends_a_nonblocking_write_at_once)
{
  cr_expect_eq (vtpm_client_file_poll (file), POLLOUT | POLLWRNORM);
  cr_expect_eq (write_nonblocking (get_random, sizeof (get_random)), (ssize_t) sizeof (get_random));
  expect_read (4096, NULL, 0);
  cr_expect_eq (seen.wakes, 0);

  answer (success, sizeof (success));
  cr_expect_null (seen.ended);
  cr_expect_eq (seen.wakes, 1);
  cr_expect_eq (vtpm_client_file_poll (file), POLLIN | POLLRDNORM);
  expect_read (4096, success, sizeof (success));
  cr_expect_eq (vtpm_client_file_poll (file), POLLOUT | POLLWRNORM);
}

Test (client_device, gives_a_response_in_parts)
{
  write_nonblocking (get_random, sizeof (get_random));
  answer (success, sizeof (success));
  expect_read (10, success, 10);
  cr_expect_eq (vtpm_client_file_poll (file), POLLIN | POLLRDNORM);
  expect_read (10, success + 10, 4);
  expect_read (10, NULL, 0);
}

Test (client_device, takes_a_read_of_nothing_for_the_end)
{
  write_nonblocking (get_random, sizeof (get_random));
  answer (success, sizeof (success));
  expect_read (0, NULL, 0);
  expect_read (10, NULL, 0);
}

Test (client_device, wants_a_response_to_be_read)
{
  write_nonblocking (get_random, sizeof (get_random));
  answer (success, sizeof (success));
  cr_expect_eq (write_blocking (get_random, sizeof (get_random)), -EBUSY);
  cr_expect_eq (seen.submitted, 1);
  expect_read (1, success, 1);

  /* The rest of it is lost.  */
  cr_expect_eq (write_blocking (get_random, sizeof (get_random)), VTPM_CLIENT_WRITE_WAITS);
  answer (other, sizeof (other));
  expect_read (4096, other, sizeof (other));
}

Test (client_device, forgets_a_response_after_two_minutes)
{
  write_nonblocking (get_random, sizeof (get_random));
  answer (success, sizeof (success));
  seen.now = TWO_MINUTES - 1;
  cr_expect_eq (write_nonblocking (get_random, sizeof (get_random)), -EBUSY);
  seen.now = TWO_MINUTES;
  cr_expect_eq (write_nonblocking (get_random, sizeof (get_random)), (ssize_t) sizeof (get_random));
  answer (other, sizeof (other));
  seen.now += TWO_MINUTES;
  expect_read (4096, NULL, 0);
}

Test (client_device, has_one_command_at_a_time)
{
  write_nonblocking (get_random, sizeof (get_random));
  cr_expect_eq (write_nonblocking (get_random, sizeof (get_random)), -EBUSY);
  cr_expect_eq (write_blocking (get_random, sizeof (get_random)), -EBUSY);
  answer (success, sizeof (success));
  cr_expect_eq (seen.submitted, 1);
}

Test (client_device, refuses_others_while_a_write_waits)
{
  write_blocking (get_random, sizeof (get_random));
  expect_read (4096, NULL, -EBUSY);
  cr_expect_eq (write_nonblocking (get_random, sizeof (get_random)), -EBUSY);
  answer (success, sizeof (success));
  expect_read (4096, success, sizeof (success));
}

Test (client_device, checks_what_is_written)
{
  static const struct
  {
    uint8_t command[16];
    size_t size;
    int expected;
  } commands[] = {
    { { 0x80, 1, 0, 0, 0 }, 5, -EINVAL },
    { { 0 }, 0, -EINVAL },
    { { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0 }, 11, -EINVAL },
    { { 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0x7b, 0, 8 }, 12, -EINVAL },
    { { 0x80, 1, 0, 0, 0, 0, 0, 0, 1, 0x7b, 0, 8 }, 12, -ENODATA },
    { { 0x80, 2, 0, 0, 0, 11, 0x20, 0, 0x10, 0, 3 }, 11, -EFAULT },
  };
  static const uint8_t large[VTPM_TPM_MESSAGE_MAX + 1] = { 0x80, 1, 0, 0, 0, 12 };

  for (size_t i = 0; i < sizeof (commands) / sizeof (commands[0]); i++)
    {
      cr_expect_eq (write_blocking (commands[i].command, commands[i].size), commands[i].expected,
                    "command %zu", i);
      cr_expect_eq (write_nonblocking (commands[i].command, commands[i].size),
                    commands[i].expected, "command %zu, not blocking", i);
    }
  cr_expect_eq (write_blocking (large, sizeof (large)), -E2BIG);
  cr_expect_eq (seen.submitted, 0);
}

Test (client_device, passes_on_what_the_header_counts)
{
  static const uint8_t with_a_tail[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8, 1, 2, 3 };
  static const uint8_t without_a_code[] = { 0x80, 1, 0, 0, 0, 6 };

  cr_expect_eq (write_nonblocking (with_a_tail, sizeof (with_a_tail)),
                (ssize_t) sizeof (with_a_tail));
  cr_expect_eq (seen.command_size, 12);
  answer (success, sizeof (success));
  expect_read (4096, success, sizeof (success));
  cr_expect_eq (write_nonblocking (without_a_code, 6), 6);
  cr_expect_eq (seen.command_size, 6);
}

Test (client_device, refuses_what_is_no_response)
{
  static const uint8_t wrong_size[] = { 0x80, 1, 0, 0, 0, 11, 0, 0, 0, 0 };

  write_blocking (get_random, sizeof (get_random));
  answer (wrong_size, sizeof (wrong_size));
  cr_expect_eq (seen.result, -EFAULT);
  expect_read (4096, NULL, 0);

  write_nonblocking (get_random, sizeof (get_random));
  answer (success, 3);
  cr_expect_eq (vtpm_client_file_poll (file), POLLIN | POLLRDNORM);
  expect_read (4096, NULL, -EFAULT);
  expect_read (4096, NULL, 0);
  cr_expect_eq (vtpm_client_file_poll (file), POLLOUT | POLLWRNORM);
}

Test (client_device, ignores_an_answer_that_nobody_asked_for)
{
  answer (success, sizeof (success));
  expect_read (4096, NULL, 0);
  write_nonblocking (get_random, sizeof (get_random));
  answer (other, sizeof (other));
  answer (success, sizeof (success));
  expect_read (4096, other, sizeof (other));
}

Test (client_device, asks_again)
{
  write_blocking (get_random, sizeof (get_random));
  answer (retry, sizeof (retry));
  answer (testing, sizeof (testing));
  cr_expect_eq (seen.submitted, 3);
  cr_expect_arr_eq (seen.command, get_random, sizeof (get_random));
  cr_expect_null (seen.ended);
  answer (success, sizeof (success));
  expect_read (4096, success, sizeof (success));
}

Test (client_device, does_not_ask_forever)
{
  write_blocking (get_random, sizeof (get_random));
  for (int i = 0; i < 100 && seen.ended == NULL; i++)
    answer (retry, sizeof (retry));
  cr_expect_eq (seen.submitted, 9);
  expect_read (4096, retry, sizeof (retry));
}

Test (client_device, passes_on_that_a_self_test_runs)
{
  write_blocking (self_test, sizeof (self_test));
  answer (testing, sizeof (testing));
  expect_read (4096, testing, sizeof (testing));
}

Test (client_device, asks_a_tpm_1_2_once)
{
  close_device ();
  open_device_of (VTPM_TPM_1_2);
  write_blocking (get_random, sizeof (get_random));
  answer (retry, sizeof (retry));
  expect_read (4096, retry, sizeof (retry));
}

Test (client_device, is_open_once)
{
  struct vtpm_client_file *second;

  cr_expect_eq (vtpm_client_file_open (device, &second), -EBUSY);
  vtpm_client_file_release (file);
  cr_expect_eq (vtpm_client_file_open (device, &file), 0);
}

/* Its response must not become the next one's.  */
Test (client_device, drops_the_response_of_a_closed_file)
{
  write_nonblocking (get_random, sizeof (get_random));
  vtpm_client_file_release (file);
  cr_assert_eq (vtpm_client_file_open (device, &file), 0);
  cr_expect_eq (write_blocking (self_test, sizeof (self_test)), VTPM_CLIENT_WRITE_WAITS);
  cr_expect_eq (seen.submitted, 1, "the TPM is at the first");

  answer (success, sizeof (success));
  cr_expect_null (seen.ended);
  cr_expect_eq (seen.submitted, 2);
  cr_expect_arr_eq (seen.command, self_test, sizeof (self_test));
  answer (other, sizeof (other));
  cr_expect_eq (seen.result, (ssize_t) sizeof (self_test));
  expect_read (4096, other, sizeof (other));
}

Test (client_device, forgets_a_command_that_waits_in_a_closed_file)
{
  write_nonblocking (get_random, sizeof (get_random));
  vtpm_client_file_release (file);
  cr_assert_eq (vtpm_client_file_open (device, &file), 0);
  write_nonblocking (self_test, sizeof (self_test));
  vtpm_client_file_release (file);
  cr_assert_eq (vtpm_client_file_open (device, &file), 0);
  answer (success, sizeof (success));
  cr_expect_eq (seen.submitted, 1);
  expect_read (4096, NULL, 0);
}

Test (client_device, does_not_repeat_a_closed_files_command)
{
  write_nonblocking (get_random, sizeof (get_random));
  vtpm_client_file_release (file);
  cr_assert_eq (vtpm_client_file_open (device, &file), 0);
  answer (retry, sizeof (retry));
  cr_expect_eq (seen.submitted, 1);
  cr_expect_eq (write_nonblocking (self_test, sizeof (self_test)), (ssize_t) sizeof (self_test));
  cr_expect_eq (seen.submitted, 2);
}

Test (client_device, ends_waiting_writes_when_it_goes)
{
  write_blocking (get_random, sizeof (get_random));
  vtpm_client_device_free (vtpm_steal_pointer (&device));
  cr_expect_eq (seen.ended, waiter);
  cr_expect_eq (seen.result, -EPIPE);
}

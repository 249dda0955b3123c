/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * killer: kills the emulator of a container's vTPM with SIGKILL, again and again, at
 * random times.  In C, because a shell's forks take longer than an emulator lives
 * here.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "dice.h"
#include "fault_points.h"
#include "killer_options.h"
#include "prey.h"

/* As long as most commands take, more or less.  */
#define WORK_US 300

/* Of so many kills one does not wait until the client got an answer.  */
#define HASTY_ONE_IN 8

/* A restart takes as long, more or less.  */
#define RESTART_US 20000

/* A client comes to a point before, or never.  */
#define STALL_ANSWERS 20
#define STALL_NS 10000000000u

struct killer
{
  const struct killer_options *options;
  struct prey prey;
  struct dice dice;
  uint64_t kills;
  uint64_t working;    /* of those the emulator did not sleep */
  uint64_t longest_ns; /* from a death until the next answer */
};

/* An emulator sleeps most of the time, and a kill then is the easy case.  So half
   of the kills wait for it to work first.  */
static void
choose_the_moment (struct killer *killer)
{
  pause_us (dice_roll (&killer->dice, killer->options->pause_us + 1));
  if (dice_roll (&killer->dice, 2) == 0)
    {
      prey_await_work (&killer->prey);
      pause_us (dice_roll (&killer->dice, WORK_US));
    }
}

static int
kill_emulator (struct killer *killer, struct vtpm_error **error)
{
  killer->kills++;
  if (prey_works (&killer->prey))
    killer->working++;
  return prey_kill (killer->prey.emulator, error);
}

static int
await_recovery (struct killer *killer, const char *label, struct vtpm_error **error)
{
  uint64_t start = now_ns (), took;

  if (prey_await_answers (&killer->prey, atomic_load (killer->prey.answers), 1, error) < 0)
    return -1;
  took = now_ns () - start;
  if (took > killer->longest_ns)
    killer->longest_ns = took;
  if (killer->options->times)
    printf ("%s %" PRIu64 "\n", label, took / 1000);
  /* That answer may have been on its way already.  */
  if (prey_await_emulator (&killer->prey, error) < 0)
    return -1;
  return prey_await_answers (&killer->prey, atomic_load (killer->prey.answers), 1, error);
}

/* One kill, or two of which the second does not let the next emulator finish what
   the first left.  Never three: a command that emulators die of, one after the
   other, is to be refused.  */
static int
kill_once_or_twice (struct killer *killer, struct vtpm_error **error)
{
  bool hasty
      = killer->kills + 1 < killer->options->count && dice_roll (&killer->dice, HASTY_ONE_IN) == 0;

  choose_the_moment (killer);
  if (kill_emulator (killer, error) < 0)
    return -1;
  if (!hasty)
    return await_recovery (killer, "once", error);
  if (prey_await_emulator (&killer->prey, error) < 0)
    return -1;
  pause_us (dice_roll (&killer->dice, RESTART_US));
  if (kill_emulator (killer, error) < 0)
    return -1;
  return await_recovery (killer, "twice", error);
}

/* The file that all processes of a build with fault points have mapped.  */
static int
map_points (char **points, struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (VTPM_FAULT_FILE, O_RDWR | O_CLOEXEC);

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", VTPM_FAULT_FILE);
  *points = mmap (NULL, VTPM_FAULT_FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (*points == MAP_FAILED)
    return vtpm_error_set (error, errno, "cannot map %s", VTPM_FAULT_FILE);
  return 0;
}

/* Whoever comes to the point wipes its name and dies.  A client that dies with a
   supervisor gets no more answers.  */
static bool
await_death (const struct prey *prey, const volatile char *points)
{
  uint64_t enough = atomic_load (prey->answers) + STALL_ANSWERS;
  uint64_t deadline = now_ns () + STALL_NS;

  while (points[0] != '\0' && atomic_load (prey->answers) < enough && now_ns () < deadline)
    pause_us (200);
  return points[0] == '\0';
}

/* With a kill: of an emulator that works, so that the next one comes to the point
   in finishing that, if it can.  First the client gets past a command in which an
   emulator may have died just now.  */
static int
use_point (struct killer *killer, struct vtpm_error **error)
{
  char *points;

  if (map_points (&points, error) < 0
      || prey_await_answers (&killer->prey, atomic_load (killer->prey.answers), 2, error) < 0)
    return -1;
  if (killer->options->count > 0)
    {
      prey_await_work (&killer->prey);
      if (kill_emulator (killer, error) < 0)
        return -1;
    }
  strcpy (points, killer->options->point);
  puts (await_death (&killer->prey, points) ? "reached" : "not reached");
  memset (points, 0, VTPM_FAULT_FILE_SIZE);
  return 0;
}

static int
run (struct killer *killer, struct vtpm_error **error)
{
  if (prey_open (killer->options->container, killer->options->progress, &killer->prey, error) < 0)
    return -1;
  if (killer->options->point != NULL)
    return use_point (killer, error);
  if (killer->options->supervisor)
    {
      choose_the_moment (killer);
      return prey_kill (killer->prey.supervisor, error);
    }
  while (killer->kills < killer->options->count)
    if (kill_once_or_twice (killer, error) < 0)
      return -1;
  printf ("kills %" PRIu64 "\n"
          "kills-at-work %" PRIu64 "\n"
          "longest-outage-ms %" PRIu64 "\n",
          killer->kills, killer->working, killer->longest_ns / 1000000);
  return 0;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct killer_options options;
  struct killer killer = { .options = &options, .prey = { .control = -1 } };

  if (killer_options_parse (argc, argv, &options, &error) == 0
      && options.action == VTPM_PROGRAM_SHOW_HELP)
    {
      killer_options_print_help (stdout);
      return 0;
    }
  /* The moments matter; 50 microseconds late is what one gets otherwise.  */
  prctl (PR_SET_TIMERSLACK, 1ul);
  killer.dice.state = options.seed;
  if (error == NULL)
    {
      run (&killer, &error);
      prey_close (&killer.prey);
    }
  if (error == NULL)
    return 0;
  fprintf (stderr, "killer: %s\n", vtpm_error_message (error));
  return 1;
}

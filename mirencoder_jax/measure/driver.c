/* Runs the clones of one function (or its choices): fills arrays, compares
 * results, measures.
 *
 *     program CLONES SEED WINDOW MIN_ROUNDS MAX_ROUNDS
 *
 * CLONES: their numbers, joined by commas; the first is the reference. SEED:
 * order of the rounds. WINDOW: seconds that one measurement lasts at least.
 * Prints one line a clone: number, return value, sum and absolute sum of what
 * was written, least seconds of a call; a line `trips EVALUATIONS ITERATIONS`
 * of the counted loop, if there is one; and the number of rounds at the end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"

#define MAX_CLONES 1024
/* A round that improves no minimum by this share counts as quiet. */
#define QUIET_SHARE 0.005
#define QUIET_ROUNDS 6

static uint64_t state;

static uint64_t next_random(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static double next_unit(void) {
  return (double)(next_random() >> 11) * 0x1p-53;
}

static void put(const struct driver_array *array, void *data, long i, double v) {
  int64_t whole = (int64_t)v;
  if (array->kind == 'f') {
    if (array->size == 4) ((float *)data)[i] = (float)v;
    else ((double *)data)[i] = v;
  } else if (array->size == 1) {
    ((uint8_t *)data)[i] = (uint8_t)whole;
  } else if (array->size == 2) {
    ((uint16_t *)data)[i] = (uint16_t)whole;
  } else if (array->size == 4) {
    ((uint32_t *)data)[i] = (uint32_t)whole;
  } else {
    ((uint64_t *)data)[i] = (uint64_t)whole;
  }
}

static double get(const struct driver_array *array, const void *data, long i) {
  int is_signed = array->kind == 'i';
  if (array->kind == 'f') {
    return array->size == 4 ? ((const float *)data)[i]
                            : ((const double *)data)[i];
  }
  switch (array->size) {
    case 1:
      return is_signed ? ((const int8_t *)data)[i]
                       : ((const uint8_t *)data)[i];
    case 2:
      return is_signed ? ((const int16_t *)data)[i]
                       : ((const uint16_t *)data)[i];
    case 4:
      return is_signed ? (double)((const int32_t *)data)[i]
                       : (double)((const uint32_t *)data)[i];
    default:
      return is_signed ? (double)((const int64_t *)data)[i]
                       : (double)((const uint64_t *)data)[i];
  }
}

static void fill(const struct driver_array *array, void *data) {
  double low = array->numbers[0], high = array->numbers[1];
  for (long i = 0; i < array->count; ++i) {
    double value = 0;
    switch (array->content) {
      case 'u':
        value = array->kind == 'f'
                    ? low + (high - low) * next_unit()
                    : low + (double)(int64_t)((high - low + 1) * next_unit());
        break;
      case 'i':
        value = (double)(int64_t)(low * next_unit());
        break;
      case 'c':
        value = low;
        break;
      default:
        value = (double)i;
    }
    put(array, data, i, value);
  }
  if (array->content == 'p') {
    for (long i = array->count - 1; i > 0; --i) {
      long j = (long)(next_random() % (uint64_t)(i + 1));
      double first = get(array, data, i), second = get(array, data, j);
      put(array, data, i, second);
      put(array, data, j, first);
    }
  }
}

static void *pristine[DRIVER_MAX_ARRAYS];

static size_t bytes_of(const struct driver_array *array) {
  return (size_t)array->size * (size_t)array->count;
}

static void *allocate(size_t bytes) {
  /* Whole pages, and room behind the end for what a loop may read there. */
  void *data = aligned_alloc(4096, (bytes + 8191) / 4096 * 4096);
  if (!data) {
    fprintf(stderr, "no memory for an array of %zu bytes\n", bytes);
    exit(3);
  }
  memset(data, 0, (bytes + 8191) / 4096 * 4096);
  return data;
}

static void set_up(void) {
  for (int i = 0; i < driver_num_arrays; ++i) {
    const struct driver_array *array = &driver_arrays[i];
    if (!driver_data[i]) driver_data[i] = allocate(bytes_of(array));
    state = 1000003u * (uint64_t)(i + 1);
    fill(array, driver_data[i]);
    if (array->writable) {
      pristine[i] = allocate(bytes_of(array));
      memcpy(pristine[i], driver_data[i], bytes_of(array));
    }
  }
}

static void set_back(void) {
  for (int i = 0; i < driver_num_arrays; ++i) {
    if (pristine[i]) memcpy(driver_data[i], pristine[i], bytes_of(&driver_arrays[i]));
  }
}

static double seconds(void) {
  struct timespec now;
  /* The only thread's time is the process's. Under a limit of processor time
   * Linux counts the clock of the process in timer ticks, this one never. */
  clock_gettime(driver_wall_clock ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID,
                &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double measure(int clone, long repetitions) {
  double start = seconds();
  driver_call(clone, repetitions);
  return (seconds() - start) / (double)repetitions;
}

static void sum_written(double *sum, double *absolute) {
  *sum = *absolute = 0;
  for (int i = 0; i < driver_num_arrays; ++i) {
    if (!pristine[i]) continue;
    for (long j = 0; j < driver_arrays[i].count; ++j) {
      double value =
          (double)(1 + j % 13) * get(&driver_arrays[i], driver_data[i], j);
      *sum += value;
      *absolute += value < 0 ? -value : value;
    }
  }
}

int main(int argc, char **argv) {
  int clones[MAX_CLONES], num_clones = 0;
  long repetitions[MAX_CLONES];
  double least[MAX_CLONES];
  if (argc != 6) return 2;
  for (char *word = strtok(argv[1], ","); word; word = strtok(NULL, ",")) {
    if (num_clones == MAX_CLONES) return 2;
    clones[num_clones++] = atoi(word);
  }
  double window = atof(argv[3]);
  int min_rounds = atoi(argv[4]), max_rounds = atoi(argv[5]);
#if defined(__SSE__)
  /* Subnormal numbers count as zero, as -ffast-math has it. */
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#endif
  set_up();
  driver_count();
  printf("trips %lld %lld\n", driver_evaluations, driver_iterations);
  size_t footprint = 0;
  for (int i = 0; i < driver_num_arrays; ++i) {
    footprint += bytes_of(&driver_arrays[i]);
  }
  printf("bytes %zu\n", footprint);

  double results[MAX_CLONES][3];
  for (int k = 0; k < num_clones; ++k) {
    set_back();
    results[k][0] = driver_call(clones[k], 1);
    sum_written(&results[k][1], &results[k][2]);
  }
  for (int k = 0; k < num_clones; ++k) {
    set_back();
    long count = 1;
    double time = measure(clones[k], 1);
    while (time * (double)count < window / 4 && count < (1L << 28)) {
      count *= 2;
      time = measure(clones[k], count);
    }
    repetitions[k] = time > 0 ? (long)(window / time) : count;
    if (repetitions[k] < 1) repetitions[k] = 1;
    least[k] = 1e30;
  }
  state = (uint64_t)atoll(argv[2]);
  int rounds = 0;
  for (int quiet = 0; rounds < max_rounds; ++rounds) {
    if (rounds >= min_rounds && quiet >= QUIET_ROUNDS) break;
    int order[MAX_CLONES];
    for (int k = 0; k < num_clones; ++k) {
      int j = (int)(next_random() % (uint64_t)(k + 1));
      order[k] = order[j];
      order[j] = k;
    }
    ++quiet;
    for (int i = 0; i < num_clones; ++i) {
      int k = order[i];
      set_back();
      driver_call(clones[k], 1); /* caches and branch history of this clone */
      double time = measure(clones[k], repetitions[k]);
      if (time < least[k] * (1 - QUIET_SHARE)) quiet = 0;
      if (time < least[k]) least[k] = time;
    }
  }
  for (int k = 0; k < num_clones; ++k) {
    printf("clone %d %.17g %.17g %.17g %.9g\n", clones[k], results[k][0],
           results[k][1], results[k][2], least[k]);
  }
  printf("rounds %d\n", rounds);
  return 0;
}

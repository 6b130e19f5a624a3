# plots - the pictures of docs/performance.md, from what `./dev bench` has kept in bench/results:
#
#     gnuplot bench/plots.gp
set terminal svg size 900,360 font "sans,13" background "white"
set grid ytics lc rgb "#dddddd"
set border 3 lc rgb "#666666"
set tics nomirror
set key top left

set output "docs/performance-latency.svg"
set title "Slowest GET of each 10 ms, at a fixed rate: idle, then 20,000 writes a second, then dumps under them"
set xlabel "seconds"
set ylabel "ms"
set logscale y
set yrange [0.05:*]
plot "bench/results/latency-redis.dat" with lines lc rgb "#c0392b" lw 1 title "redis (BGSAVE)", \
     "bench/results/latency-memgate.dat" with lines lc rgb "#2471a3" lw 1 title "memgate (dump)"

set output "docs/performance-growth.svg"
set title "A dump over the number of documents of 300 bytes"
set xlabel "documents"
set ylabel "seconds"
set logscale x
set xrange [*:*]
set yrange [*:*]
plot "bench/results/growth.dat" using 1:3 with linespoints pt 7 lc rgb "#c0392b" title "redis BGSAVE, neither compressed nor encrypted", \
     "" using 1:2 with linespoints pt 7 lc rgb "#2471a3" title "memgate, encrypted and synced"

/** A line without axes: how it went, not how much it was. */
export function Spark({ values, color = "--accent" }: { values: (number | null)[]; color?: string }) {
  const known = values.filter((it) => it !== null);
  if (known.length < 2) return <svg class="spark" viewBox="0 0 100 24" aria-hidden="true" />;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const y = (value: number) => (high === low ? 12 : 22 - ((value - low) / (high - low)) * 20);
  const x = (index: number) => (index / (values.length - 1)) * 100;
  let path = "";
  let isPen = false;
  values.forEach((value, i) => {
    if (value === null) isPen = false;
    else {
      path += `${isPen ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      isPen = true;
    }
  });
  return (
    <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} fill="none" stroke={`var(${color})`} stroke-width="1.5" vector-effect="non-scaling-stroke" stroke-linejoin="round" />
    </svg>
  );
}
